package hooks

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/policies"
)

// changePassword is the call that Kratos makes before it keeps a new password.
func (s *scene) changePassword(changes object) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.postTo("/hooks/settings/after-password", s.body(changes), nil)
}

func TestANewPasswordForgetsTheAccountsDevices(t *testing.T) {
	s := remembered(t)
	other := object{"identity/id": "other-id", "flow/id": "flow of other"}
	s.expect(challenge.CodeSent, browser(mine, other))
	other[codeAt], other[rememberAt] = s.codeOf("flow of other"), true
	s.expectIn(browser(mine, other))

	if w := s.changePassword(object{"session/authenticated_at": nil}); w.Code != http.StatusNoContent {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	s.expect(challenge.CodeSent, browser(mine, object{"flow/id": "flow-2"}))
	s.expectIn(browser(mine, object{"identity/id": "other-id", "flow/id": "flow-3"}))
	if !slices.Contains(s.recorded(), "devices_forgotten ") {
		t.Errorf("recorded %q", s.recorded())
	}
}

func TestACodeIsWorthNothingAfterANewPassword(t *testing.T) {
	s := newScene(t, policies.Shipped())
	s.expect(challenge.CodeSent, nil)
	s.now = s.now.Add(time.Second)
	s.changePassword(nil)
	s.expect(challenge.SignInAgain, object{codeAt: s.mailed()})
}

func TestAPasswordThatCannotBeRecordedIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		drop    string
		changes object
	}{
		"without the devices' table": {"devices", nil},
		"without the records' table": {"records", nil},
		"without an identity":        {"sign_ins", object{"identity/id": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, policies.Shipped())
			if _, err := s.store.DB().ExecContext(t.Context(), "DROP TABLE "+tc.drop); err != nil {
				t.Fatal(err)
			}
			if r := s.read(s.changePassword(tc.changes)); r.status != http.StatusBadRequest || r.id != 4990008 {
				t.Errorf("got %d %d", r.status, r.id)
			}
		})
	}
}

func TestOnlyKratosMaySayThatAPasswordIsNew(t *testing.T) {
	s := newScene(t, policies.Shipped())
	w := s.postTo("/hooks/settings/after-password", s.body(nil), http.Header{"Authorization": {"Bearer other"}})
	if w.Code != http.StatusUnauthorized || len(s.recorded()) != 0 {
		t.Errorf("got %d, recorded %q", w.Code, s.recorded())
	}
}
