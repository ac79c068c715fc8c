package e2e

import (
	"net/http"
	"testing"
)

// active says whether Kratos accepts a session.
func active(t *testing.T, session http.Header) bool {
	t.Helper()
	s := &signIn{t: t}
	return s.json(http.MethodGet, kratosPublic+"/sessions/whoami", nil, session, nil) == http.StatusOK
}

// A person who knows the password gets a session on a channel that asks for no code. With a new password, such a session would take the
// account from its holder.
func TestASessionThatPassedNothingSetsNoPassword(t *testing.T) {
	n := started(t)
	const change = `{"method": "password", "password": "` + password + `-stolen"}`
	for _, tc := range []struct {
		how      string
		switches []string // the switches that are on when the thief comes
		session  func(name string) http.Header
		kept     bool
	}{
		{"by the softphone, which is off, while the console asks", []string{"two_factor", "admin_console"},
			func(name string) http.Header { return newSignIn(n.t, name).expectIn(nil) }, false},
		{"from before two-step verification was switched on", nil,
			func(name string) http.Header { return newSignIn(n.t, name).expectIn(nil) }, false},
		{"with a code", everySwitch, func(name string) http.Header {
			s := newSignIn(n.t, name)
			s.expect("code_sent", 1990001, nil)
			return s.expectIn(code(n.codeOf(name)))
		}, true},
		{"while no channel asks", []string{"two_factor"},
			func(name string) http.Header { return newSignIn(n.t, name).expectIn(nil) }, true},
	} {
		t.Run(tc.how, func(t *testing.T) {
			n.t = t
			name := account(t, nil)
			n.set(tc.switches...)
			session := tc.session(name)
			if tc.switches == nil {
				n.set(everySwitch...)
			}
			if got := settings(t, session, change); (got == http.StatusOK) != tc.kept {
				t.Errorf("Kratos says %d", got)
			}
			s := newSignIn(t, name) // with the old password
			if got := s.submit(nil).ending(); (got == byKratos) != tc.kept {
				t.Errorf("afterwards, a sign-in with the old password ends with %s", got)
			}
		})
	}
}

func TestANewPasswordEndsOtherSessions(t *testing.T) {
	n := started(t)
	name := account(t, nil)
	n.set("two_factor", "admin_console")
	thief := newSignIn(t, name).expectIn(nil)
	n.set(everySwitch...)
	s := newSignIn(t, name)
	s.expect("code_sent", 1990001, nil)
	holder := s.expectIn(code(n.newestCode()))
	newPassword(t, holder, password+"-new")
	if active(t, thief) {
		t.Error("the thief's session goes on")
	}
	if !active(t, holder) {
		t.Error("the holder's own session ended")
	}
}
