package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/records"
	"nidan/settings"
	"nidan/store"
)

func settingsSavedOnce(t *testing.T, s *store.Store) {
	first, err := s.KeptSettings(t.Context())
	if err != nil || !first.ChangedAt.IsZero() || first.ChangedBy != "" {
		t.Fatalf("at first: %+v, %v", first, err)
	}
	want := settings.Settings{TwoFactor: true, Channels: map[string]bool{"admin_console": false, "softphone": true, "kiosk": false}, RememberDays: 7}
	for _, saved := range []bool{true, false} {
		update(t, s, func(ctx context.Context, tx exchange.Tx) error {
			ok, err := tx.SaveSettings(ctx, first.Version, want, "admin", at)
			if ok != saved {
				t.Errorf("saved: %v, %v, want %v", ok, err, saved)
			}
			return err
		})
	}
	got, err := s.KeptSettings(t.Context())
	if err != nil || !got.Settings.Equal(want) || got.Channels["kiosk"] || !got.On("another") || got.Version != first.Version+1 || got.ChangedBy != "admin" || !got.ChangedAt.Equal(at) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func recordsFound(t *testing.T, s *store.Store) {
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		for i, r := range []records.Record{
			{Kind: "sign_in", Account: "id-1", Name: "agent"},
			{Kind: "mail_sent", Account: "id-1", Name: "agent"},
			{Kind: "sign_in", Account: "id-2", Name: "other", Detail: []byte("{}")},
			{Kind: "settings_changed", By: "admin"},
		} {
			r.At, r.State = at.Add(time.Duration(i)*time.Hour), fmt.Sprint(i)
			if err := tx.AddRecord(ctx, r); err != nil {
				return err
			}
		}
		return nil
	})
	all, err := s.Records(t.Context(), records.Filter{})
	if err != nil || len(all) != 4 || all[0].By != "admin" || string(all[1].Detail) != "{}" || !all[3].At.Equal(at) {
		t.Fatalf("got %+v, %v", all, err)
	}
	for want, f := range map[string]records.Filter{
		"3 2 1 0": {}, "3 2": {Limit: 2}, "1 0": {Account: "id-1"}, "2": {Account: "other"}, "": {Account: "nobody"},
		"2 0": {Kind: "sign_in"}, "3": {Kind: "settings_changed"}, "0": {Account: "agent", Kind: "sign_in"},
		"2 1": {From: at.Add(time.Hour), To: at.Add(3 * time.Hour)}, "1  ": {Before: all[1].ID, Limit: 1},
	} {
		found, err := s.Records(t.Context(), f)
		var states []string
		for _, r := range found {
			states = append(states, r.State)
		}
		if n, err := s.CountRecords(t.Context(), f); err != nil || f.Limit == 0 && n != len(found) {
			t.Errorf("%+v: counted %d, %v, found %d", f, n, err, len(found))
		}
		if got := strings.Join(states, " "); err != nil || got != strings.TrimSpace(want) {
			t.Errorf("%+v: got %q, %v, want %q", f, got, err, want)
		}
	}
}

// The test deletes more records than one statement of the purge does.
func recordsPurged(t *testing.T, s *store.Store) {
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		for i := range 1203 {
			if err := tx.AddRecord(ctx, records.Record{Kind: "sign_in", At: at.Add(time.Duration(i) * time.Second)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err := s.PurgeRecords(t.Context(), at.Add(1200*time.Second)); err != nil {
		t.Fatal(err)
	}
	left, err := s.Records(t.Context(), records.Filter{})
	if err != nil || len(left) != 3 || !left[2].At.Equal(at.Add(1200*time.Second)) {
		t.Errorf("%d are left, %v", len(left), err)
	}
}

func devicesListed(t *testing.T, s *store.Store) {
	device := func(account string, token byte, age time.Duration) challenge.Device {
		return challenge.Device{Account: account, TokenHash: []byte{token}, Channel: "softphone", VerifiedAt: at.Add(-age),
			IP: "192.0.2.1", UserAgent: "a"}
	}
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		for _, d := range []challenge.Device{device("agent", 1, time.Hour), device("agent", 2, 0), device("other", 1, 0)} {
			if err := tx.RememberDevice(ctx, d); err != nil {
				return err
			}
		}
		return nil
	})
	list := func(account string) (tokens string) {
		found, err := s.AccountDevices(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range found {
			tokens += fmt.Sprint(d.TokenHash[0])
			if d.Account != account || d.Channel != "softphone" || d.IP != "192.0.2.1" || d.UserAgent != "a" || d.VerifiedAt.IsZero() {
				t.Errorf("got %+v", d)
			}
		}
		return tokens
	}
	if got := list("agent"); got != "21" {
		t.Errorf("the newest first: %s", got)
	}
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		for _, want := range []bool{true, false} {
			if ok, err := tx.ForgetDevice(ctx, "agent", []byte{2}); err != nil || ok != want {
				t.Errorf("forgotten: %v, %v, want %v", ok, err, want)
			}
		}
		return nil
	})
	if got := list("agent") + list("other"); got != "11" {
		t.Errorf("then: %s", got)
	}
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		if n, err := tx.ForgetEveryDevice(ctx); err != nil || n != 2 {
			t.Errorf("%d forgotten, %v", n, err)
		}
		return nil
	})
}
