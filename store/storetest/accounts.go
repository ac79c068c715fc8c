package storetest

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/store"
)

func deviceKnown(t *testing.T, s *store.Store) {
	first := challenge.Device{Account: "agent", TokenHash: []byte{1}, Channel: "softphone", VerifiedAt: at, IP: "192.0.2.1", UserAgent: "a"}
	again := first
	again.Channel, again.VerifiedAt, again.IP, again.UserAgent = "admin_console", at.Add(time.Hour), "192.0.2.2", "b"
	for _, want := range []challenge.Device{first, again} {
		update(t, s, func(ctx context.Context, tx exchange.Tx) error { return tx.RememberDevice(ctx, want) })
		got, err := s.AccountDevices(t.Context(), "agent")
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		for account, hash := range map[string][]byte{"other": {1}, "agent": {2}, "": nil} {
			known, err := s.Situation(t.Context(), exchange.Call{Account: account, DeviceToken: hash})
			if err != nil || known.Device.Known() {
				t.Errorf("account %q, token %v: %+v, %v", account, hash, known, err)
			}
		}
	}
}

func codesCounted(t *testing.T, s *store.Store) {
	for i, flow := range []string{"3", "1", "2"} {
		c := sample(flow)
		c.Flow, c.IssuedAt = flow, at.Add(time.Duration(i)*time.Second)
		add(t, s, c)
	}
	other := sample("other")
	other.Account = "other"
	add(t, s, other)
	reserved := sample("reserved")
	reserved.Flow, reserved.Reserved = "4", true
	add(t, s, reserved)
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		if got, err := tx.CodesSince(ctx, "agent", true, at.Add(-time.Microsecond)); err != nil || len(got) != 1 {
			t.Errorf("the reserved: %v, %v", got, err)
		}
		for since, want := range map[time.Duration]int{-time.Microsecond: 3, 0: 2, time.Second: 1, 2 * time.Second: 0} {
			got, err := tx.CodesSince(ctx, "agent", false, at.Add(since))
			if err != nil || len(got) != want {
				t.Errorf("since %v: %v, %v, want %d", since, got, err, want)
			}
			for i := 1; i < len(got); i++ {
				if !got[i-1].Before(got[i]) {
					t.Errorf("not the oldest first: %v", got)
				}
			}
		}
		return nil
	})
}

func wrongCodesCounted(t *testing.T, s *store.Store) {
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		for i, flow := range []string{"1", "2", "2", "3"} {
			if err := tx.AddWrongCode(ctx, "agent", flow, at.Add(time.Duration(i)*time.Second)); err != nil {
				return err
			}
		}
		untold, err := tx.UntoldWrongCodes(ctx, "agent")
		if err != nil || untold.Count != 4 || !untold.Since.Equal(at) {
			t.Errorf("untold are %+v, %v", untold, err)
		}
		if err := tx.TellWrongCodes(ctx, "agent"); err != nil {
			return err
		}
		if untold, err := tx.UntoldWrongCodes(ctx, "agent"); err != nil || untold != (challenge.WrongCodes{}) {
			t.Errorf("once told of, untold are %+v, %v", untold, err)
		}
		counts := func(account string, want int) {
			t.Helper()
			if got, err := tx.WrongCodes(ctx, account); err != nil || got != want {
				t.Errorf("%s has %d, %v, want %d", account, got, err, want)
			}
		}
		counts("agent", 4)
		counts("other", 0)
		if n, err := tx.ForgetWrongCodes(ctx, "agent", at.Add(time.Second)); n != 1 || err != nil {
			t.Errorf("%d forgotten, %v", n, err)
		}
		counts("agent", 3)
		if err := tx.ClearWrongCodes(ctx, "agent", "2"); err != nil {
			return err
		}
		counts("agent", 1)
		if err := tx.ClearWrongCodes(ctx, "other", ""); err != nil {
			return err
		}
		counts("agent", 1)
		if err := tx.ClearWrongCodes(ctx, "agent", ""); err != nil {
			return err
		}
		counts("agent", 0)
		return nil
	})
}

func signInFound(t *testing.T, s *store.Store) {
	exact, first := time.Date(2026, 4, 1, 9, 0, 0, 123456789, time.UTC), at
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		return errors.Join(
			tx.AddSignIn(ctx, exchange.SignIn{Account: "agent", AuthenticatedAt: exact, Channel: "softphone", SecondStep: "passed",
				WrongCodes: challenge.WrongCodes{Count: 3, Since: first}}),
			tx.AddSignIn(ctx, exchange.SignIn{Account: "agent", AuthenticatedAt: exact.Add(time.Hour), Channel: "x", SecondStep: "y"}))
	})
	for name, at := range map[string]time.Time{
		"as Kratos keeps it on SQLite":   exact,
		"as a database that cuts it off": exact.Truncate(time.Microsecond),
		"as a database that rounds it":   exact.Round(time.Microsecond),
		"in another time zone":           exact.In(time.FixedZone("", 3600)),
	} {
		got, err := s.SignIn(t.Context(), "agent", at)
		if err != nil || got.Channel != "softphone" || got.SecondStep != exchange.StepPassed ||
			got.WrongCodes.Count != 3 || !got.WrongCodes.Since.Equal(first) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for account, at := range map[string]time.Time{"other": exact, "agent": exact.Add(time.Millisecond), "": exact} {
		if _, err := s.SignIn(t.Context(), account, at); !errors.Is(err, challenge.ErrNotFound) {
			t.Errorf("account %q at %v: %v", account, at, err)
		}
	}
}

func secondStepFound(t *testing.T, s *store.Store) {
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		for minutes, how := range map[int]exchange.SecondStep{0: exchange.StepPassed, 1: exchange.StepRemembered, 2: exchange.StepNotAsked} {
			signIn := exchange.SignIn{Account: "agent", AuthenticatedAt: at.Add(time.Duration(minutes) * time.Minute), Channel: "x", SecondStep: how}
			if err := tx.AddSignIn(ctx, signIn); err != nil {
				return err
			}
		}
		if got, err := tx.LatestSecondStep(ctx, "agent", at); err != nil || got.SecondStep != exchange.StepRemembered {
			t.Errorf("got %+v, %v", got, err)
		}
		for account, since := range map[string]time.Time{"agent": at.Add(2 * time.Minute), "other": at} {
			if got, err := tx.LatestSecondStep(ctx, account, since); !errors.Is(err, challenge.ErrNotFound) {
				t.Errorf("%s since %v: got %+v, %v", account, since, got, err)
			}
		}
		if got, err := tx.SignIn(ctx, "agent", at); err != nil || got.SecondStep != exchange.StepPassed {
			t.Errorf("got %+v, %v", got, err)
		}
		return nil
	})
}

func deviceRenewed(t *testing.T, s *store.Store) {
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		for _, account := range []string{"agent", "other"} {
			for _, token := range []string{"old of both", "of " + account} {
				if err := tx.RememberDevice(ctx, challenge.Device{Account: account, TokenHash: []byte(token), VerifiedAt: at}); err != nil {
					return err
				}
			}
		}
		return tx.RenewDevice(ctx, []byte("old of both"), []byte("new of both"))
	})
	for token, want := range map[string]bool{"old of both": false, "new of both": true, "of agent": true, "of other": true, "": false} {
		if got, err := s.DeviceRemembered(t.Context(), []byte(token)); got != want || err != nil {
			t.Errorf("%q: got %v, %v", token, got, err)
		}
	}
	for _, account := range []string{"agent", "other"} {
		if found, err := s.AccountDevices(t.Context(), account); len(found) != 2 || err != nil {
			t.Errorf("%s has %v, %v", account, found, err)
		}
	}
}

func devicesForgotten(t *testing.T, s *store.Store) {
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		for _, d := range []challenge.Device{
			{Account: "agent", TokenHash: []byte{1}, VerifiedAt: at}, {Account: "agent", TokenHash: []byte{2}, VerifiedAt: at},
			{Account: "other", TokenHash: []byte{1}, VerifiedAt: at},
		} {
			if err := tx.RememberDevice(ctx, d); err != nil {
				return err
			}
		}
		for _, want := range []int{2, 0} {
			if n, err := tx.ForgetDevices(ctx, "agent"); err != nil || n != want {
				t.Errorf("%d forgotten, %v, want %d", n, err, want)
			}
		}
		other, err := tx.Situation(ctx, exchange.Call{Account: "other", DeviceToken: []byte{1}})
		if !other.Device.Known() {
			t.Error("another account's device was forgotten too")
		}
		return err
	})
}

func passwordDated(t *testing.T, s *store.Store) {
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		for _, account := range []string{"new", "other"} {
			for _, want := range []time.Time{{}, at, at.Add(time.Microsecond)} {
				if !want.IsZero() {
					if err := tx.SetPasswordChanged(ctx, account, want); err != nil {
						return err
					}
				}
				if got, err := tx.Situation(ctx, exchange.Call{Account: account}); err != nil || got.PasswordChanged != want {
					t.Errorf("got %v, %v, want %v", got, err, want)
				}
			}
		}
		return nil
	})
}
