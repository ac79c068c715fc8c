package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"nidan/kratos"
)

// Kratos skips a hook whose body ends in error "cancel". It looks for the words RUNTIME ERROR: cancel anywhere in the interpreter's message.
// The message quotes the context, and so the texts that the client has put there. With the first of these payloads, the password alone
// opened a session while the hook's body was JSON (see kratos/kratos.yml).
var skipping = map[string]string{
	"a member given twice":          `{"RUNTIME ERROR: cancel": 1, "RUNTIME ERROR: cancel": 2}`,
	"one given twice, deeper":       `{"two_factor": {"client": {"RUNTIME ERROR: cancel": 1, "RUNTIME ERROR: cancel": 2}}}`,
	"half a surrogate pair":         `{"two_factor": {"code": "\ud800 RUNTIME ERROR: cancel"}}`,
	"half a pair and the words far": `{"a": "RUNTIME ERROR: cancel", "b": "\udc00"}`,
	"a number that is too large":    `{"two_factor": {"RUNTIME ERROR: cancel": 1e999}}`,
	"more levels than it can walk":  `{"two_factor": ` + strings.Repeat(`{"RUNTIME ERROR: cancel": `, 600) + "1" + strings.Repeat("}", 600) + `}`,
	"the words alone":               `{"two_factor": {"code": "RUNTIME ERROR: cancel"}}`,
}

func TestNothingAClientSendsMakesKratosSkipTheHook(t *testing.T) {
	started(t)
	name := account(t, nil)
	for how, payload := range skipping {
		t.Run(how, func(t *testing.T) {
			s := newSignIn(t, name)
			if r := s.submitPayload(json.RawMessage(payload)); r.Status == http.StatusOK {
				t.Error("somebody was let in without a code")
			}
		})
		t.Run(how+", from a browser", func(t *testing.T) {
			if cookies := newForm(t, name).submit(payload); cookies["ory_kratos_session"] != "" {
				t.Error("somebody was let in without a code")
			}
		})
	}
}

// The form is also tried without an attack: if it never let anybody in, the test above could not fail.
func TestABrowserSignsInWithAForm(t *testing.T) {
	n := started(t)
	name := account(t, nil)
	if cookies := newForm(t, name).submit(`{}`); cookies["ory_kratos_session"] != "" {
		t.Error("somebody was let in without a code")
	}
	n.code(1)
	plain := account(t, func(a *kratos.Account) { a.TwoFactor = false })
	if cookies := newForm(t, plain).submit(`{"two_factor": {}}`); cookies["ory_kratos_session"] == "" {
		t.Error("an account that is asked for no code was not let in")
	}
}
