package challenge

import (
	"testing"
	"time"
)

func TestAChannelThatNobodyHasSwitchedIsOn(t *testing.T) {
	s := Settings{Channels: map[string]bool{"softphone": false, "admin_console": true}}
	for channel, want := range map[string]bool{"softphone": false, "admin_console": true, "kiosk": true} {
		if got := s.On(channel); got != want {
			t.Errorf("%s: got %v", channel, got)
		}
	}
	if !(Settings{}).On("softphone") {
		t.Error("without any switch, the softphone is off")
	}
}

func TestSettingsAreEqualWhereTheSameFollows(t *testing.T) {
	all := Settings{TwoFactor: true, Channels: map[string]bool{"softphone": true, "kiosk": false}, Remember: true, RememberDays: 30}
	for name, tc := range map[string]struct {
		change func(*Settings)
		want   bool
	}{
		"nothing":                        {func(*Settings) {}, true},
		"a switch that is on, left out":  {func(s *Settings) { s.Channels = map[string]bool{"kiosk": false} }, true},
		"a switch that is off, left out": {func(s *Settings) { s.Channels = map[string]bool{"softphone": true} }, false},
		"a switch more":                  {func(s *Settings) { s.Channels = map[string]bool{"softphone": true, "kiosk": false, "x": false} }, false},
		"no switches":                    {func(s *Settings) { s.Channels = nil }, false},
		"two-step verification":          {func(s *Settings) { s.TwoFactor = false }, false},
		"remembering":                    {func(s *Settings) { s.Remember = false }, false},
		"the days":                       {func(s *Settings) { s.RememberDays = 7 }, false},
	} {
		other := all
		tc.change(&other)
		if all.Equal(other) != tc.want || other.Equal(all) != tc.want {
			t.Errorf("%s: got %v and %v, want %v", name, all.Equal(other), other.Equal(all), tc.want)
		}
	}
}

func TestSituationsAreEqualWhereTheSameFollows(t *testing.T) {
	one := Situation{Settings: Settings{Channels: map[string]bool{"kiosk": true}}, Device: Remembered{Channel: "kiosk", VerifiedAt: time.Unix(1, 0)}}
	other := one
	other.Settings.Channels = nil
	if !one.Equal(other) {
		t.Error("a switch that is on was told from none")
	}
	for name, change := range map[string]func(*Situation){
		"a switch": func(s *Situation) { s.Settings.Channels = map[string]bool{"kiosk": false} }, "the device": func(s *Situation) { s.Device.Channel = "softphone" },
		"an answer": func(s *Situation) { s.Answered = true }, "the challenge": func(s *Situation) { s.Challenge.AttemptsLeft = 1 },
		"the password": func(s *Situation) { s.PasswordChanged = time.Unix(1, 0) }, "some device": func(s *Situation) { s.HasDevices = true },
	} {
		other := one
		if change(&other); one.Equal(other) {
			t.Errorf("%s: they are taken for equal", name)
		}
	}
}
