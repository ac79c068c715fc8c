package kratos

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// answering returns the address of a server that gives the same answer to every request.
func answering(t *testing.T, status int, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestTheFactorsOfAnAccount(t *testing.T) {
	const key = `{"type": "webauthn", "config": {"credentials": [%s], "user_handle": "x"}}`
	for credentials, want := range map[string]Factors{
		`{"password": {"type": "password"}}`: {},
		`{}`:                                 {},
		`{"totp": {"type": "totp", "identifiers": ["x"]}}`:                                                            {TOTP: true},
		`{"lookup_secret": {"type": "lookup_secret"}}`:                                                                {LookupSecret: true},
		`{"webauthn": ` + fmt.Sprintf(key, `{"is_passwordless": false}`) + `}`:                                        {WebAuthn: true},
		`{"webauthn": ` + fmt.Sprintf(key, `{"is_passwordless": true}`) + `}`:                                         {},
		`{"webauthn": ` + fmt.Sprintf(key, ``) + `}`:                                                                  {},
		`{"webauthn": ` + fmt.Sprintf(key, `{"is_passwordless": true}, {"is_passwordless": false}`) + `, "totp": {}}`: {TOTP: true, WebAuthn: true},
	} {
		url := answering(t, http.StatusOK, `{"id": "a", "schema_id": "account", "schema_url": "", "traits": {}, "credentials": `+credentials+`}`)
		if got, err := NewAdmin(url).Factors(t.Context(), "a"); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", credentials, got, err, want)
		}
	}
}

func TestFactorsThatKratosDoesNotSayAreAnError(t *testing.T) {
	const identity = `{"id": "a", "schema_id": "account", "schema_url": "", "traits": {}%s}`
	for name, url := range map[string]string{
		"no credentials":  answering(t, http.StatusOK, fmt.Sprintf(identity, "")),
		"none that is so": answering(t, http.StatusOK, fmt.Sprintf(identity, `, "credentials": {"webauthn": {"config": {"credentials": 7}}}`)),
		"a failure":       answering(t, http.StatusInternalServerError, `{}`),
		"nobody there":    "http://127.0.0.1:1",
	} {
		if got, err := NewAdmin(url).Factors(t.Context(), "a"); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if _, err := NewAdmin(answering(t, http.StatusNotFound, `{}`)).Factors(t.Context(), "a"); !errors.Is(err, ErrGone) {
		t.Errorf("an account that is gone: %v", err)
	}
}

func TestTheLevelOfASession(t *testing.T) {
	password, totp, mailed := Step{"password", "aal1"}, Step{"totp", "aal2"}, Step{"code", "aal2"}
	for name, tc := range map[string]struct {
		level string
		steps []Step
		want  AAL
	}{
		"the password alone": {"aal1", []Step{password}, AAL1},
		"with an app":        {"aal2", []Step{password, totp}, AAL2},
		"with an app, and the password once more":   {"aal2", []Step{password, totp, password}, AAL2},
		"with a code that Kratos mailed":            {"aal2", []Step{password, mailed}, AAL1},
		"with both":                                 {"aal2", []Step{password, mailed, totp}, AAL2},
		"Kratos says aal1, whatever the steps are":  {"aal1", []Step{password, totp}, AAL1},
		"Kratos says aal2, and not of which factor": {"aal2", nil, AAL1},
		"a level to come":                           {"aal3", []Step{password, {"passkey", "aal3"}}, AAL2},
		"no level":                                  {"", []Step{password, totp}, UnknownAAL},
		"a level that nobody knows":                 {"aal9", []Step{password, totp}, AAL1},
	} {
		if got := AALOf(tc.level, tc.steps); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

func TestASessionThatKratosSaysNothingOfYet(t *testing.T) {
	url := answering(t, http.StatusForbidden, `{"error": {"id": "session_aal2_required", "code": 403}, "redirect_browser_to": "http://x/"}`)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("X-Session-Token", "token")
	if _, err := NewFrontend(url, "ory_kratos_session").Whoami(t.Context(), r); !errors.Is(err, ErrAAL2Needed) {
		t.Errorf("got %v", err)
	}
}
