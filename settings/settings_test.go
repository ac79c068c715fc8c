package settings

import "testing"

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
