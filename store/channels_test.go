package store_test

import (
	"context"
	"testing"
	"time"

	"nidan/exchange"
	"nidan/settings"
)

// An older program, which knows only the switches of two channels, reads and writes their columns while this program runs.
func TestTheSwitchesOfChannelsOutliveAnOlderProgram(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url)
		if err := s.Migrate(t.Context(), settings.Settings{Channels: map[string]bool{"softphone": false}, RememberDays: 30}); err != nil {
			t.Fatal(err)
		}
		save := func(channels map[string]bool) {
			t.Helper()
			err := s.Update(t.Context(), "", func(tx exchange.Tx) error {
				now, err := tx.KeptSettings(t.Context())
				if err != nil {
					return err
				}
				now.Channels = channels
				_, err = tx.SaveSettings(t.Context(), now.Version, now.Settings, "admin", time.Unix(1, 0))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		want := func(what string, console, softphone, kiosk bool) {
			t.Helper()
			now, err := s.Settings(t.Context())
			if err != nil || now.On("admin_console") != console || now.On("softphone") != softphone || now.On("kiosk") != kiosk || !now.On("new") {
				t.Errorf("%s: got %v, %v", what, now.Channels, err)
			}
			there, err := s.Situation(t.Context(), exchange.Call{})
			if err != nil || !there.Settings.Equal(now) {
				t.Errorf("%s: a sign-in is told %v, %v", what, there.Settings.Channels, err)
			}
		}
		want("at first", true, false, true)
		save(map[string]bool{"admin_console": true, "softphone": true, "kiosk": false})
		want("saved", true, true, false)
		exec(t, s, `UPDATE settings SET two_factor = TRUE, admin_console = FALSE, softphone = TRUE, version = version + 1`)
		want("saved by the older one", false, true, false)
		if got := texts(t, s, `SELECT CAST(admin_console AS TEXT) || CAST(softphone AS TEXT) FROM settings`); got[0] != "01" && got[0] != "falsetrue" {
			t.Errorf("the older one reads %s", got[0])
		}
		save(map[string]bool{"admin_console": true, "softphone": false})
		want("saved without the channel", true, false, true)
	})
}

// Somebody has written an invalid value into the column. The lost switch may be one that is on, so nobody may get in.
func TestSwitchesThatCannotBeReadAreAnError(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url)
		if err := s.Migrate(t.Context(), initial); err != nil {
			t.Fatal(err)
		}
		for _, kept := range []string{`{"kiosk": "off"}`, `["kiosk"]`, `{`} {
			exec(t, s, `UPDATE settings SET channels = $1`, kept)
			_, settings := s.Settings(t.Context())
			_, situation := s.Situation(t.Context(), exchange.Call{})
			err := s.Update(t.Context(), "", func(tx exchange.Tx) error {
				_, err := tx.Situation(context.Background(), exchange.Call{})
				return err
			})
			if settings == nil || situation == nil || err == nil {
				t.Errorf("%s: got %v, %v, %v", kept, settings, situation, err)
			}
		}
	})
}
