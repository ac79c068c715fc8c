package exchange

import (
	"testing"
	"time"

	"nidan/challenge"
	"nidan/settings"
)

func TestSituationsAreEqualWhereTheSameFollows(t *testing.T) {
	one := Situation{Settings: settings.Settings{Channels: map[string]bool{"kiosk": true}}, Device: challenge.Remembered{Channel: "kiosk", VerifiedAt: time.Unix(1, 0)}}
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
