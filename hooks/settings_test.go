package hooks

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/policies"
)

// changePassword is the call that Kratos makes before it stores a new password.
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

	if w := s.changePassword(beforeVersion26); w.Code != http.StatusNoContent {
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
	s.passed("flow of the holder", s.now)
	s.expect(challenge.CodeSent, nil)
	s.now = s.now.Add(time.Second)
	if w := s.changePassword(beforeVersion26); w.Code != http.StatusNoContent {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	s.expect(challenge.SignInAgain, object{codeAt: s.mailed()})
}

// beforeVersion26 removes the session, as in the calls of Kratos before version 26.
var beforeVersion26 = object{"session": nil}

// passed signs in with a code; at is session.authenticated_at.
func (s *scene) passed(flow string, at time.Time) {
	s.t.Helper()
	s.expect(challenge.CodeSent, object{"flow/id": flow})
	s.expectIn(object{"flow/id": flow, codeAt: s.codeOf(flow), "session/authenticated_at": at.Format(time.RFC3339Nano)})
}

func TestASessionThatEarnedNothingSetsNoPassword(t *testing.T) {
	const instant = "2026-04-01T08:59:00Z"
	softphoneOff := "UPDATE settings SET softphone = 0"
	for name, tc := range map[string]struct {
		before  func(*scene)
		changes object
		want    string // reason; empty: the password is kept
	}{
		"begun without a code, while another channel asks": {func(s *scene) {
			s.sql(softphoneOff)
			s.expectIn(object{"session/authenticated_at": instant})
		}, object{"session/authenticated_at": instant}, "second_step_missing"},
		"the same, where Kratos does not say which session asks": {func(s *scene) {
			s.sql(softphoneOff)
			s.expectIn(object{"session/authenticated_at": instant})
		}, beforeVersion26, "second_step_missing"},
		"begun without a code, while another session of the account had one": {func(s *scene) {
			s.passed("flow of the holder", s.now)
		}, object{"session/authenticated_at": instant}, "second_step_missing"},
		"of which there is no record": {func(*scene) {}, nil, "second_step_missing"},
		"with a code more than an hour ago, where Kratos does not say which": {func(s *scene) {
			s.passed("flow-2", s.now.Add(-61*time.Minute))
		}, beforeVersion26, "second_step_missing"},
		"of an account that is locked": {func(s *scene) {
			s.passed("flow-2", s.now)
		}, object{"session": nil, "identity/metadata_public": object{"locked": true}}, "account_locked"},
		"begun with a code": {func(s *scene) {
			s.passed("flow-2", s.now)
		}, object{"session/authenticated_at": "2026-04-01T09:00:00Z"}, ""},
		"with a code, where Kratos does not say which": {func(s *scene) { s.passed("flow-2", s.now.Add(-59*time.Minute)) }, beforeVersion26, ""},
		"of an account that is not asked":              {func(*scene) {}, object{"identity/metadata_public": object{"role": "user"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, policies.Shipped())
			tc.before(s)
			w := s.changePassword(tc.changes)
			if tc.want == "" {
				if w.Code != http.StatusNoContent {
					t.Fatalf("got %d %s", w.Code, w.Body)
				}
				return
			}
			r := s.read(w)
			if r.status != http.StatusBadRequest || r.state != string(challenge.SignInAgain) || !strings.Contains(r.raw, "パスワード") {
				t.Errorf("got %d %s", r.status, r.raw)
			}
			if got := s.recorded(); !slices.Contains(got, "sign_in_again "+tc.want) || slices.Contains(got, "devices_forgotten ") {
				t.Errorf("recorded %q", got)
			}
		})
	}
}

// changeBy is the call that Kratos makes before it stores a change by a method.
func (s *scene) changeBy(method string, changes object) *httptest.ResponseRecorder {
	s.t.Helper()
	of := object{"flow/identity": object{
		"id": "agent-id", "state": "active", "traits": object{"account": "agent", "email": "agent@example.com"},
		"metadata_public": object{"role": "user", "two_factor": object{"enabled": true}},
	}}
	maps.Copy(of, changes)
	return s.postTo("/hooks/settings?method="+method, s.body(of), nil)
}

var allMethods = []string{"password", "profile", "totp", "webauthn", "passkey", "lookup_secret", "oidc", "any", "unknown", "", "TOTP", "x"}

func TestASessionThatEarnedNothingChangesNothingByAnyMethod(t *testing.T) {
	const instant = "2026-04-01T08:59:00Z"
	for _, method := range allMethods {
		t.Run(method, func(t *testing.T) {
			s := newScene(t, policies.Shipped())
			s.sql("UPDATE settings SET softphone = 0")
			s.expectIn(object{"session/authenticated_at": instant})
			for how, changes := range map[string]object{
				"as it is":                       {"session/authenticated_at": instant},
				"of a session that is not known": nil,
				"before version 26":              beforeVersion26,
				// The account after the change must not influence the decision.
				"that takes the address away":        {"session": nil, "identity/traits": object{"account": "agent"}},
				"that takes the account's flag away": {"session": nil, "identity/metadata_public": object{"role": "user"}},
			} {
				r := s.read(s.changeBy(method, changes))
				if r.status != http.StatusBadRequest || r.state != string(challenge.SignInAgain) {
					t.Errorf("%s: got %d %s", how, r.status, r.raw)
				}
			}
			if got := s.recorded(); slices.Contains(got, "devices_forgotten ") || !slices.Contains(got, "sign_in_again second_step_missing") {
				t.Errorf("recorded %q", got)
			}
		})
	}
}

func TestASessionWithACodeChangesByEachMethod(t *testing.T) {
	for _, method := range allMethods {
		s := newScene(t, policies.Shipped())
		s.passed("flow-2", s.now)
		if w := s.changeBy(method, beforeVersion26); w.Code != http.StatusNoContent {
			t.Errorf("%s: got %d %s", method, w.Code, w.Body)
		}
		got := s.recorded()
		for state, want := range map[string]bool{
			"devices_forgotten ": method == "password" || !slices.Contains(settingsMethods, method), // what is not known may be one
			"totp ":              method == "totp", "any ": false, "unknown ": false,
		} {
			if slices.Contains(got, state) != want {
				t.Errorf("%s: recorded %q", method, got)
			}
		}
	}
}

func TestAnotherAddressForgetsTheDevicesAndAFactorDoesNot(t *testing.T) {
	for method, changes := range map[string]object{
		"profile": {"session": nil, "identity/traits": object{"account": "agent", "email": "new@example.com"}},
		"totp":    beforeVersion26,
	} {
		s := remembered(t)
		if w := s.changeBy(method, changes); w.Code != http.StatusNoContent {
			t.Fatalf("%s: got %d %s", method, w.Code, w.Body)
		}
		if got := slices.Contains(s.recorded(), "address_changed "); got != (method == "profile") {
			t.Errorf("%s: recorded %q", method, s.recorded())
		}
		if method == "profile" {
			s.expect(challenge.CodeSent, browser(mine, object{"flow/id": "flow-2"}))
		} else {
			s.expectIn(browser(mine, object{"flow/id": "flow-2"}))
		}
	}
}

// A call without the account before the change must be refused: the account after the change must not influence the decision.
func TestAChangeThatDoesNotSayWhatIsChangedIsRefused(t *testing.T) {
	s := newScene(t, policies.Shipped())
	s.passed("flow-2", s.now)
	for how, changes := range map[string]object{
		"no account as it is kept": {"session": nil, "flow/identity": nil},
		"another account":          {"session": nil, "identity/id": "other-id"},
		"one that cannot be read":  {"session": nil, "flow/identity": object{"id": "agent-id", "traits": object{"email": 1}}},
	} {
		if r := s.read(s.changeBy("profile", changes)); r.status != http.StatusBadRequest || r.state != string(stateUnavailable) {
			t.Errorf("%s: got %d %s", how, r.status, r.raw)
		}
	}
}

func TestANewPasswordThatCannotBeDecidedIsRefused(t *testing.T) {
	s := newScene(t, policies.Shipped())
	s.hook.Policies = undecided{s.hook.Policies}
	r := s.read(s.changePassword(object{"identity/metadata_public": object{"role": "user"}}))
	if r.state != string(stateUnavailable) || !slices.Contains(s.recorded(), "unavailable undecided") {
		t.Errorf("got %s, recorded %q", r.raw, s.recorded())
	}
}

// undecided is a decider that fails for settings.
type undecided struct{ Decider }

func (undecided) Settings(context.Context, policies.SettingsInput) (policies.SettingsDecision, error) {
	return policies.SettingsDecision{Action: policies.ActionAllow, Reason: "x"}, errors.New("no decision")
}

func (s *scene) sql(statement string) {
	s.t.Helper()
	if _, err := s.store.DB().ExecContext(s.t.Context(), statement); err != nil {
		s.t.Fatal(err)
	}
}

func TestAPasswordThatCannotBeRecordedIsRefused(t *testing.T) {
	notAsked := object{"identity/metadata_public": object{"role": "user"}}
	for name, tc := range map[string]struct {
		drop    string
		changes object
	}{
		"without the devices' table":  {"devices", notAsked},
		"without the records' table":  {"records", notAsked},
		"without the sign-ins' table": {"sign_ins", notAsked},
		"without an identity":         {"sign_ins", object{"identity/id": ""}},
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
