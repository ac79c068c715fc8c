package e2e

import (
	"net/http"
	"testing"

	"nidan/kratos"
)

// A person who knows only the password can get a session on a channel that asks for no code. If this session could enrol a factor, it would
// have the stronger step. If it could change the address, it would get the codes.
func TestASessionThatPassedNothingEnrolsNothing(t *testing.T) {
	t.Setenv("SELFSERVICE_METHODS_PROFILE_ENABLED", "true")
	startKratos(t)
	n := started(t)
	thefts := map[string]func(t *testing.T, name string, f settingsFlow, session http.Header) (settingsFlow, int){
		"an authenticator app": func(t *testing.T, _ string, f settingsFlow, session http.Header) (settingsFlow, int) {
			return f.submits(t, session, map[string]any{"method": "totp", "totp_code": totp(t, f.secret(t))})
		},
		"recovery codes": func(t *testing.T, _ string, f settingsFlow, session http.Header) (settingsFlow, int) {
			if _, status := f.submits(t, session, map[string]any{"method": "lookup_secret", "lookup_secret_regenerate": true}); status != http.StatusOK {
				t.Fatalf("no codes are made: %d", status)
			}
			return f.submits(t, session, map[string]any{"method": "lookup_secret", "lookup_secret_confirm": true})
		},
		"another address": func(t *testing.T, name string, f settingsFlow, session http.Header) (settingsFlow, int) {
			return f.submits(t, session, map[string]any{"method": "profile", "traits": map[string]any{"account": name, "email": "thief@example.com"}})
		},
		"no address any more, so that no code is asked": func(t *testing.T, name string, f settingsFlow, session http.Header) (settingsFlow, int) {
			return f.submits(t, session, map[string]any{"method": "profile", "traits": map[string]any{"account": name}})
		},
	}
	unchanged := func(t *testing.T, name string) {
		t.Helper()
		if got := factorsOf(t, name); got["totp"] != nil || got["lookup_secret"] != nil {
			t.Errorf("it has the factors %v", got)
		}
		if got := identityOf(t, name).Traits["email"]; got != name+"@example.com" {
			t.Errorf("its address is %v", got)
		}
	}
	for what, steal := range thefts {
		t.Run(what, func(t *testing.T) {
			n.t = t
			name := account(t, nil)
			n.set("two_factor", "admin_console")
			thief := newSignIn(t, name).expectIn(nil)
			if _, status := begins(t, thief); status == http.StatusOK {
				t.Error("the thief may begin a settings flow")
			}
			unchanged(t, name)
			// A flow that began while no code was asked is refused at its end.
			n.set()
			f, status := begins(t, thief)
			if status != http.StatusOK {
				t.Fatalf("no flow begins: %d", status)
			}
			n.set(everySwitch...)
			after, status := steal(t, name, f, thief)
			if status != http.StatusBadRequest || len(after.UI.Messages) == 0 || after.UI.Messages[0].Context.State != "sign_in_again" {
				t.Errorf("got %d %+v", status, after.UI.Messages)
			}
			unchanged(t, name)
		})
	}
	t.Run("the holder, with a code", func(t *testing.T) {
		n.t = t
		for what, change := range thefts {
			name := account(t, nil)
			n.set(everySwitch...)
			s := newSignIn(t, name)
			s.expect("code_sent", 1990001, nil)
			holder := s.expectIn(code(n.codeOf(name)))
			f, status := begins(t, holder)
			if status != http.StatusOK {
				t.Fatalf("%s: no flow begins: %d", what, status)
			}
			if _, status := change(t, name, f, holder); status != http.StatusOK {
				t.Errorf("%s: got %d", what, status)
			}
		}
	})
}

// This is what Kratos does while a change is refused. So Nidan is asked when a person begins, and not only before the change is kept.
func TestARefusedFactorHasRaisedItsSessionAlready(t *testing.T) {
	n := started(t)
	name := account(t, nil)
	n.set()
	thief := newSignIn(t, name).expectIn(nil)
	f, _ := begins(t, thief)
	n.set(everySwitch...)
	if _, status := f.submits(t, thief, map[string]any{"method": "totp", "totp_code": totp(t, f.secret(t))}); status != http.StatusBadRequest {
		t.Fatalf("got %d", status)
	}
	var who struct {
		AAL string `json:"authenticator_assurance_level"`
	}
	(&signIn{t: t}).json(http.MethodGet, kratosPublic+"/sessions/whoami", nil, thief, &who)
	if who.AAL != "aal2" {
		t.Errorf("the session is %s: Kratos no longer raises it, and the hook under settings.before is no longer needed for that", who.AAL)
	}
}

// A session from before cannot have passed the new factor, but Kratos may take it for one that has.
func TestANewFactorEndsOtherSessions(t *testing.T) {
	n := started(t)
	name := account(t, nil)
	n.set()
	thief := newSignIn(t, name).expectIn(nil)
	n.enrolled(name)
	if active(t, thief) {
		t.Error("the thief's session goes on")
	}
	var told int
	err := n.database().QueryRow("SELECT count(*) FROM records WHERE kind = 'credentials_changed' AND state = 'totp'").Scan(&told)
	if err != nil || told != 1 {
		t.Errorf("%d records say that it is an authenticator app, %v", told, err)
	}
}

// If a person changes an address, Nidan forgets the devices that were remembered by mail at the old address.
func TestAnotherAddressForgetsTheDevices(t *testing.T) {
	t.Setenv("SELFSERVICE_METHODS_PROFILE_ENABLED", "true")
	startKratos(t)
	n := started(t)
	name := account(t, func(a *kratos.Account) { a.TwoFactor = false })
	session := newSignIn(t, name).expectIn(nil)
	n.device(identityOf(t, name).ID, 7)
	devices := func() (left int) {
		if err := n.database().QueryRow("SELECT count(*) FROM devices").Scan(&left); err != nil {
			t.Fatal(err)
		}
		return left
	}
	for _, tc := range []struct {
		traits map[string]any
		left   int
	}{
		{map[string]any{"account": name, "name": "Another", "email": name + "@example.com"}, 1},
		{map[string]any{"account": name, "name": "Another", "email": "new@example.com"}, 0},
	} {
		f, _ := begins(t, session)
		if _, status := f.submits(t, session, map[string]any{"method": "profile", "traits": tc.traits}); status != http.StatusOK {
			t.Fatalf("got %d", status)
		}
		if got := devices(); got != tc.left {
			t.Errorf("with %v, %d devices are left", tc.traits, got)
		}
	}
}
