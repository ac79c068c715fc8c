package policies

import (
	"context"
	"fmt"
	"time"
)

// tryUsual decides sign-ins as they come every day, for the gate: it matters that each is decided, not how.
func (e *Engine) tryUsual(ctx context.Context) error {
	for in := range usual {
		if _, err := e.Login(ctx, in); err != nil {
			return fmt.Errorf("a usual sign-in, of a %s (has_email %v, two_factor %v) in a flow of type %q with two-step verification %v: %w",
				in.Account.Role, in.Account.HasEmail, in.Account.TwoFactor, in.Request.FlowType, in.Settings.TwoFactor, err)
		}
	}
	return nil
}

// usual are sign-ins of every role, through both kinds of flow, with and without each of the facts on which the shipped rules turn.
func usual(yield func(Input) bool) {
	for _, role := range []string{"owner", "system_administrator", "supervisor", "user"} {
		for _, flow := range []string{"browser", "api"} {
			for facts := range 1 << 5 {
				is := func(n int) bool { return facts>>n&1 == 1 }
				in := Input{
					Now:      time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC),
					Settings: Settings{TwoFactor: is(0), AdminConsole: true, Softphone: true, Remember: true, RememberDays: 30},
					Account:  Account{ID: "1", Name: "a", Role: role, HasEmail: is(1), TwoFactor: is(2), State: "active", Locked: is(3)},
					Request:  Request{FlowType: flow, Headers: map[string]string{}, Client: Client{Name: "softphone", Version: "3.5.0"}, RequestedAAL: "aal1"},
					Device:   Device{Known: is(4)},
				}
				if in.Account.HasEmail {
					in.Account.Email = "a@example.com"
				}
				if in.Device.Known {
					in.Device.Channel = map[string]string{"browser": "admin_console", "api": "softphone"}[flow]
				}
				if !yield(in) {
					return
				}
			}
		}
	}
}
