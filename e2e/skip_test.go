package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"nidan/kratos"
)

// Kratos skips a hook whose body ends in error "cancel", and knows that by looking for the words RUNTIME ERROR: cancel
// anywhere in the interpreter's message. The message quotes the context, and with it what the client has put there. The
// first of these got a session for the password alone while the hook's body was JSON (see kratos/kratos.yml).
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
			if cookies := browserSignIn(t, name, payload); cookies["ory_kratos_session"] != "" {
				t.Error("somebody was let in without a code")
			}
		})
	}
}

// A sign-in as a plain HTML form sends it, and the cookies that came of it.
func browserSignIn(t *testing.T, name, payload string) map[string]string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.Get(kratosPublic + "/self-service/login/browser")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	page, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || page.Query().Get("flow") == "" {
		t.Fatalf("Kratos leads to %v (%v), not to a login page", page, err)
	}
	id := page.Query().Get("flow")
	answer, err = browser.Get(kratosPublic + "/self-service/login/flows?id=" + id)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var flow struct {
		UI struct {
			Nodes []struct{ Attributes struct{ Name, Value string } }
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&flow); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"method": {"password"}, "identifier": {name}, "password": {password}, "transient_payload": {payload}}
	for _, n := range flow.UI.Nodes {
		if n.Attributes.Name == "csrf_token" {
			form.Set("csrf_token", n.Attributes.Value)
		}
	}
	answer, err = browser.PostForm(kratosPublic+"/self-service/login?flow="+id, form)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	base, err := url.Parse(kratosPublic)
	if err != nil {
		t.Fatal(err)
	}
	cookies := map[string]string{}
	for _, c := range jar.Cookies(base) {
		cookies[c.Name] = c.Value
	}
	return cookies
}

// The way from a browser is tried with nothing wrong in it too: if it never led in, the test above could not fail.
func TestABrowserSignsInWithAForm(t *testing.T) {
	n := started(t)
	name := account(t, nil)
	if cookies := browserSignIn(t, name, `{}`); cookies["ory_kratos_session"] != "" {
		t.Error("somebody was let in without a code")
	}
	n.code(1)
	plain := account(t, func(a *kratos.Account) { a.TwoFactor = false })
	if cookies := browserSignIn(t, plain, `{"two_factor": {}}`); cookies["ory_kratos_session"] == "" {
		t.Error("an account that is asked for no code was not let in")
	}
}
