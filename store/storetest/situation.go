package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/settings"
	"nidan/store"
)

func situationHoldsAll(t *testing.T, s *store.Store) {
	agent := exchange.Call{Delivery: "d", Account: "agent", Flow: "flow", DeviceToken: []byte{1}}
	expect := func(c exchange.Call, want exchange.Situation) {
		t.Helper()
		outside, err := s.Situation(t.Context(), c)
		if err != nil || !outside.Equal(want) {
			t.Errorf("outside: got %+v, %v, want %+v", outside, err, want)
		}
		update(t, s, func(ctx context.Context, tx exchange.Tx) error {
			if got, err := tx.Situation(ctx, c); err != nil || !got.Equal(want) {
				t.Errorf("inside: got %+v, %v, want %+v", got, err, want)
			}
			return nil
		})
	}
	want := exchange.Situation{Settings: settings.Settings{TwoFactor: true, RememberDays: 30}}
	expect(agent, want)

	device := challenge.Device{Account: "agent", TokenHash: []byte{1}, Channel: "admin_console", VerifiedAt: at, IP: "192.0.2.1"}
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		return errors.Join(
			tx.AddDelivery(ctx, exchange.Delivery{Key: "d", Digest: []byte{1}, Status: 204, At: at}),
			tx.AddChallenge(ctx, sample("1")),
			tx.RememberDevice(ctx, device),
			tx.SetPasswordChanged(ctx, "agent", at.Add(time.Hour)))
	})
	full := want
	full.Answered, full.HasDevices, full.PasswordChanged = true, true, at.Add(time.Hour)
	full.Challenge = challenge.Standing{ID: "1", Channel: "softphone", AttemptsLeft: 10}
	full.Device = challenge.Remembered{Channel: "admin_console", VerifiedAt: at}
	expect(agent, full)
	for _, other := range []exchange.Call{
		{Delivery: "e", Account: "other", Flow: "flow", DeviceToken: []byte{1}},
		{Delivery: "", Account: "", Flow: "", DeviceToken: nil},
	} {
		expect(other, want)
	}
	elsewhere := full
	elsewhere.Answered, elsewhere.Challenge, elsewhere.Device = false, challenge.Standing{}, challenge.Remembered{}
	expect(exchange.Call{Delivery: "e", Account: "agent", Flow: "another", DeviceToken: []byte{2}}, elsewhere)

	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		_, counted := tx.CountAttempt(ctx, "1")
		_, closed := tx.CloseChallenge(ctx, "1", challenge.ClosedPassed, at)
		device.Channel, device.VerifiedAt = "softphone", at.Add(time.Minute)
		return errors.Join(counted, closed, tx.RememberDevice(ctx, device))
	})
	full.Challenge.AttemptsLeft, full.Challenge.Closed = 9, challenge.ClosedPassed
	full.Device = challenge.Remembered{Channel: "softphone", VerifiedAt: at.Add(time.Minute)}
	expect(agent, full)
}
