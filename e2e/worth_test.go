package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"nidan/kratos"
)

// worth is Nidan's answer about a session.
type worth struct {
	Session struct {
		Channel    string
		SecondStep string `json:"second_step"`
		At         time.Time
	}
	Capabilities []string
	Reasons      map[string]string
}

func (w worth) how() string { return w.Session.Channel + " " + w.Session.SecondStep }

func (n *nidan) get(path string, header http.Header) *http.Response {
	n.t.Helper()
	return n.send(http.MethodGet, path, header, "")
}

// send sends a request to the address at which browsers reach Nidan.
func (n *nidan) send(method, path string, header http.Header, body string) *http.Response {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), method, n.public+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { answer.Body.Close() })
	return answer
}

// expectWorth checks how a session came to be ("softphone passed"), and that the session may do only what needs no second step, and the
// capabilities that are named. GET and POST /check must agree.
func (n *nidan) expectWorth(session http.Header, how string, earned ...string) worth {
	n.t.Helper()
	answer := n.get("/capabilities", session)
	var w worth
	if err := json.NewDecoder(answer.Body).Decode(&w); err != nil || answer.StatusCode != http.StatusOK {
		n.t.Fatalf("got %d, %v", answer.StatusCode, err)
	}
	account := whose(n.t, session)
	if got := answer.Header.Get("X-Nidan-Account"); got != account {
		n.t.Errorf("/capabilities answers for %q, want %q", got, account)
	}
	want := strings.Join(append([]string{"phonebook", "call_history"}, earned...), " ")
	if got := strings.Join(w.Capabilities, " "); got != want || w.how() != how {
		n.t.Errorf("a session by %s may do %q (%v), want %s with %q", w.how(), got, w.Reasons, how, want)
	}
	for _, capability := range []string{"phonebook", "call_history", "agent", "console"} {
		status := http.StatusForbidden
		if strings.Contains(want, capability) {
			status = http.StatusNoContent
		}
		got := n.get("/check?capability="+capability, session)
		if got.StatusCode != status || got.Header.Get("X-Nidan-Account") != account {
			n.t.Errorf("/check says %d of %s for %q, want %d for %q", got.StatusCode, capability, got.Header.Get("X-Nidan-Account"), status, account)
		}
		if status == http.StatusNoContent {
			status = http.StatusOK
		}
		if got := n.send(http.MethodPost, "/check?capability="+capability, session, "{}").StatusCode; got != status {
			n.t.Errorf("/check, asked by POST, says %d of %s, want %d", got, capability, status)
		}
	}
	return w
}

// whose returns the id of the account that a session belongs to, as Kratos says.
func whose(t *testing.T, session http.Header) string {
	t.Helper()
	var who struct{ Identity identity }
	s := &signIn{t: t}
	if status := s.json(http.MethodGet, kratosPublic+"/sessions/whoami", nil, session, &who); status != http.StatusOK {
		t.Fatalf("whoami: %d", status)
	}
	return who.Identity.ID
}

// set sets the console's switches: the named switches are on, all others are off.
func (n *nidan) set(on ...string) {
	n.t.Helper()
	n.sql("UPDATE settings SET two_factor = FALSE, admin_console = FALSE, softphone = FALSE, remember = FALSE")
	for _, name := range on {
		n.sql("UPDATE settings SET " + name + " = TRUE") // the names come from the tests
	}
}

func administrator(a *kratos.Account) { a.Role = "system_administrator" }

func TestWhatASessionIsWorth(t *testing.T) {
	n := started(t)
	t.Run("got through the softphone with a code", func(t *testing.T) {
		n.t = t
		s := newSignIn(t, account(t, nil))
		s.expect("code_sent", 1990001, nil)
		w := n.expectWorth(s.expectIn(code(n.newestCode())), "softphone passed", "agent")
		if w.Reasons["console"] != "console_asks_a_code" || time.Since(w.Session.At).Abs() > time.Minute {
			t.Errorf("got %+v", w)
		}
	})
	t.Run("got through the console with a code", func(t *testing.T) {
		n.t = t
		f := newForm(t, account(t, administrator))
		f.submit(`{}`)
		n.expectWorth(f.in(f.submitCode(n.newestCode())), "admin_console passed", "agent", "console")
	})
	t.Run("of an account that is not asked", func(t *testing.T) {
		n.t = t
		s := newSignIn(t, account(t, func(a *kratos.Account) { a.TwoFactor = false }))
		n.expectWorth(s.expectIn(nil), "softphone not_asked", "agent", "console")
	})
	t.Run("an administrator's, through the softphone that asks nothing, does not open the console", func(t *testing.T) {
		n.t = t
		n.set("two_factor", "admin_console")
		defer n.set("two_factor", "admin_console", "softphone", "remember")
		n.expectWorth(newSignIn(t, account(t, administrator)).expectIn(nil), "softphone not_asked", "agent")
	})
	t.Run("a switch counts from the next question on", func(t *testing.T) {
		n.t = t
		n.set("two_factor", "softphone")
		f := newForm(t, account(t, administrator))
		before := f.in(f.submit(`{}`))
		n.expectWorth(before, "admin_console not_asked", "console")
		n.set("two_factor", "admin_console", "softphone", "remember")
		n.expectWorth(before, "admin_console not_asked")
	})
	t.Run("of an account that is locked, or whose password expires, meanwhile", func(t *testing.T) {
		n.t = t
		for _, flag := range []string{"locked", "password_expired"} {
			name := account(t, administrator)
			f := newForm(t, name)
			f.submit(`{}`)
			session := f.in(f.submitCode(n.newestCode()))
			n.expectWorth(session, "admin_console passed", "agent", "console")
			changed(t, name, `[{"op": "add", "path": "/metadata_public/`+flag+`", "value": true}]`)
			n.expectWorth(session, "admin_console passed")
		}
	})
	t.Run("one older than the records", func(t *testing.T) {
		n.t = t
		f := newForm(t, account(t, administrator))
		f.submit(`{}`)
		session := f.in(f.submitCode(n.newestCode()))
		n.sql("DELETE FROM sign_ins")
		n.expectWorth(session, "unknown unknown")
	})
	t.Run("one of another account, with this one's record", func(t *testing.T) {
		n.t = t
		s := newSignIn(t, account(t, nil))
		s.expect("code_sent", 1990001, nil)
		session := s.expectIn(code(n.newestCode()))
		n.sql("UPDATE sign_ins SET account_id = 'another'")
		n.expectWorth(session, "unknown unknown")
	})
}

func TestARefreshedSessionIsWorthWhatItsRefreshWas(t *testing.T) {
	n := started(t)
	s := newSignIn(t, account(t, nil))
	s.expect("code_sent", 1990001, nil)
	session := s.expectIn(code(n.newestCode()))
	n.expectWorth(session, "softphone passed", "agent")

	n.set("two_factor", "admin_console")
	s.begin("?refresh=true", session)
	refreshed := s.submit(nil)
	if refreshed.Status != http.StatusOK {
		t.Fatalf("got %d %+v", refreshed.Status, refreshed.UI.Messages)
	}
	n.set("two_factor", "admin_console", "softphone", "remember")
	n.expectWorth(session, "softphone not_asked")

	s.begin("?refresh=true", session)
	s.expect("code_sent", 1990001, nil)
	if r := s.submit(code(n.newestCode())); r.Status != http.StatusOK {
		t.Fatalf("got %d %+v", r.Status, r.UI.Messages)
	}
	n.expectWorth(session, "softphone passed", "agent")
}

func TestWithoutASession(t *testing.T) {
	n := started(t)
	s := newSignIn(t, account(t, func(a *kratos.Account) { a.TwoFactor = false }))
	ended := s.expectIn(nil)
	s.json(http.MethodDelete, kratosPublic+"/self-service/logout/api",
		map[string]string{"session_token": ended.Get("X-Session-Token")}, nil, nil)
	for name, header := range map[string]http.Header{
		"nothing":              nil,
		"a token made up":      {"X-Session-Token": {"ory_st_made-up"}},
		"a cookie made up":     {"Cookie": {"ory_kratos_session=made-up"}},
		"a session that ended": ended,
	} {
		for _, path := range []string{"/capabilities", "/check?capability=phonebook", "/check"} {
			if got := n.get(path, header).StatusCode; got != http.StatusUnauthorized {
				t.Errorf("%s with %s: %d", path, name, got)
			}
		}
		if got := n.send(http.MethodPost, "/check?capability=phonebook", header, "{}").StatusCode; got != http.StatusUnauthorized {
			t.Errorf("POST /check with %s: %d", name, got)
		}
	}
	in := newSignIn(t, s.identifier).expectIn(nil)
	for _, path := range []string{"/check", "/check?capability=", "/check?capability=Agent", "/check?capability=everything"} {
		if got := n.get(path, in).StatusCode; got != http.StatusForbidden {
			t.Errorf("%s: %d", path, got)
		}
	}
}

// An application may read the cookie where Kratos takes the token. Then one person could do what only the other person may do.
func TestTwoProofsAreNobodys(t *testing.T) {
	n := started(t)
	f := newForm(t, account(t, func(a *kratos.Account) { a.TwoFactor = false }))
	alice := f.in(f.submit(`{}`))
	bob := newSignIn(t, account(t, func(a *kratos.Account) { a.TwoFactor = false })).expectIn(nil)
	n.expectWorth(alice, "admin_console not_asked", "agent", "console")
	n.expectWorth(bob, "softphone not_asked", "agent", "console")

	cookie, token := alice.Get("Cookie"), bob.Get("X-Session-Token")
	for name, header := range map[string]http.Header{
		"one's cookie with another's token":        {"Cookie": {cookie}, "X-Session-Token": {token}},
		"one's cookie with another's bearer token": {"Cookie": {cookie}, "Authorization": {"Bearer " + token}},
		"two cookies":                {"Cookie": {cookie + "; ory_kratos_session=another"}},
		"two cookies in two headers": {"Cookie": {cookie, "ory_kratos_session=another"}},
		"two tokens":                 {"X-Session-Token": {token, "ory_st_another"}},
		"two bearer tokens":          {"Authorization": {"Bearer " + token, "Bearer another"}},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			got := n.send(method, "/check?capability=phonebook", header, "")
			body, err := io.ReadAll(got.Body)
			if err != nil || got.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), "send one session") ||
				got.Header.Get("X-Nidan-Account") != "" {
				t.Errorf("%s by %s: %d %s, for %q", name, method, got.StatusCode, body, got.Header.Get("X-Nidan-Account"))
			}
		}
		for _, path := range []string{"/capabilities", "/console/me", "/console/api/v1/me", "/"} {
			if got := n.get(path, header).StatusCode; got != http.StatusBadRequest {
				t.Errorf("%s with %s: %d", path, name, got)
			}
		}
	}
}

// A proxy may pass the client's own body on, so the body must not choose the capability.
func TestTheBodyOfAnAskingPostSaysNothing(t *testing.T) {
	n := started(t)
	session := newSignIn(t, account(t, func(a *kratos.Account) { a.TwoFactor = false })).expectIn(nil)
	session.Set("Content-Type", "application/x-www-form-urlencoded")
	for path, want := range map[string]int{"/check": http.StatusForbidden, "/check?capability=phonebook": http.StatusOK} {
		for _, body := range []string{"capability=console", "capability=nonsense"} {
			if got := n.send(http.MethodPost, path, session, body).StatusCode; got != want {
				t.Errorf("%s with %s: %d, want %d", path, body, got, want)
			}
		}
	}
}

func TestWithoutKratosNoSessionIsWorthAnything(t *testing.T) {
	n := started(t, "NIDAN_KRATOS_PUBLIC_URL=http://127.0.0.1:1")
	for _, path := range []string{"/capabilities", "/check?capability=phonebook"} {
		if got := n.get(path, http.Header{"X-Session-Token": {"x"}}).StatusCode; got != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", path, got)
		}
	}
	asked := n.send(http.MethodPost, "/check?capability=phonebook", http.Header{"X-Session-Token": {"x"}}, "{}").StatusCode
	if asked != http.StatusServiceUnavailable {
		t.Errorf("POST /check: %d", asked)
	}
}
