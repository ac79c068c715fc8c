package policies

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// tryUsual decides common sign-ins for the gate. It only checks that each decision is valid and can be carried out.
func (e *Engine) tryUsual(ctx context.Context) error {
	var found []finding
	for _, role := range []string{"owner", "system_administrator", "supervisor", "user"} {
		if err := e.tryUsualSession(ctx, role); err != nil {
			found = append(found, finding{rule: "undecided", at: "a usual session", of: "of an account with the role " + role, err: err})
		}
		for _, flow := range []string{"browser", "api"} {
			for _, usual := range usual {
				in := usualSignIn(role, flow)
				usual.change(&in)
				if err := e.tryUsualSignIn(ctx, in); err != nil {
					found = append(found, finding{
						rule: "undecided", at: "a usual sign-in", err: err,
						of: fmt.Sprintf("of an account with the role %s in a flow of type %s, %s", role, flow, usual.name),
					})
				}
			}
		}
		if slices.ContainsFunc(found, func(f finding) bool { return isTooSlow(f.err) }) {
			break // the others would be slow, too
		}
	}
	return together(found)
}

func (e *Engine) tryUsualSignIn(ctx context.Context, in Input) error {
	value, err := valueOf(reflect.ValueOf(in))
	if err != nil {
		return err
	}
	d, err := e.tryLogin(ctx, value)
	if err == nil && d.Action == ActionChallenge && d.By() == ByEmail && !in.Account.HasEmail {
		err = errors.New("a code is asked, and there is no address to send it to")
	}
	return err
}

// tryUsualSession asks what a session of an account with this role may do, whether it may set a new password, and whether it may
// see the console.
func (e *Engine) tryUsualSession(ctx context.Context, role string) error {
	in := usualSignIn(role, "browser")
	session := CapabilitiesInput{
		Now: in.Now, Today: in.Today, Settings: in.Settings, Account: in.Account,
		Session: Session{Known: true, Channel: "admin_console", SecondStep: "passed", AAL: "aal1"},
	}
	_, capabilities := e.Capabilities(ctx, session)
	var settings error
	if defines(e.compiler, settingsQuery) {
		_, settings = e.Settings(ctx, SettingsInput{
			Now: in.Now, Settings: in.Settings, Account: in.Account, Session: session.Session, Request: SettingsRequest{Method: "password"},
		})
	}
	_, console := e.Console(ctx, ConsoleInput{
		Now: in.Now, Settings: in.Settings, Visitor: in.Account, Session: ConsoleSession{Console: true, SecondStep: "passed", AAL: "aal1"}, Action: ViewSettings,
	})
	return errors.Join(capabilities, settings, console)
}

// usual are the facts that the shipped rules depend on. Each changes a sign-in for which a code is asked.
var usual = []struct {
	name   string
	change func(*Input)
}{
	{"that is asked", func(*Input) {}},
	{"with two-step verification off", func(in *Input) {
		in.Settings = Settings{Channels: map[string]bool{"admin_console": false, "softphone": false}, RememberDays: 30}
	}},
	{"without an e-mail address", func(in *Input) { in.Account.Email, in.Account.HasEmail = "", false }},
	{"that is locked", func(in *Input) { in.Account.Locked = true }},
	{"whose password has expired", func(in *Input) { in.Account.PasswordExpired = true }},
	{"that is inactive", func(in *Input) { in.Account.State = "inactive" }},
	{"with a client that does not say its version", func(in *Input) { in.Request.Client = Client{} }},
	{"with an authenticator app", func(in *Input) { in.Account.Factors = &Factors{TOTP: true} }},
	{"with its flag off", func(in *Input) { in.Account.TwoFactor = false }},
	{"from an address that Nidan saw", func(in *Input) { in.Request.IP, in.Request.IPTrusted = "192.0.2.1", true }},
	{"with an OpenID Connect provider", func(in *Input) { in.Request.Method = "oidc" }},
	{"with a passkey", func(in *Input) { in.Request.Method = "passkey" }},
	{"with a code that Kratos mailed", func(in *Input) { in.Request.Method = "code" }},
	{"with an authenticator app, after the password", func(in *Input) {
		in.Request.Method, in.Request.RequestedAAL = "totp", "aal2"
	}},
	{"with a method that is not known", func(in *Input) { in.Request.Method = "unknown" }},
	{"on a remembered device", func(in *Input) {
		in.Device = Device{Known: true, Channel: map[string]string{"browser": "admin_console", "api": "softphone"}[in.Request.FlowType]}
	}},
}

func usualSignIn(role, flow string) Input {
	return Input{
		Now:   time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC),
		Today: "2026-04-01",
		Settings: Settings{
			TwoFactor: true, AdminConsole: true, Softphone: true, Channels: map[string]bool{"admin_console": true, "softphone": true},
			Remember: true, RememberDays: 30,
		},
		Account: Account{ID: "1", Name: "a", Role: role, Email: "a@example.com", HasEmail: true, TwoFactor: true, State: "active"},
		Request: Request{
			Method: "password", FlowType: flow, Headers: map[string]string{}, Client: Client{Name: "softphone", Version: "3.5.0"}, RequestedAAL: "aal1", Locale: "ja",
		},
	}
}
