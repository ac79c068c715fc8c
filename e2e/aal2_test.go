package e2e

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nidan/kratos"
)

// withFactors starts a Kratos that has authenticator apps. Kratos tells nothing about a session below the level, which is "aal1" or
// "highest_available" (session.whoami.required_aal).
func withFactors(t *testing.T, level string) *ownKratos {
	t.Helper()
	t.Setenv("SELFSERVICE_METHODS_TOTP_ENABLED", "true")
	t.Setenv("SESSION_WHOAMI_REQUIRED_AAL", level)
	return startKratos(t)
}

// withParameters starts a Nidan whose policies have these parameters.
func withParameters(t *testing.T, parameters string) *nidan {
	t.Helper()
	return started(t, layered(t, parameters))
}

// layered is the change of a configuration that puts these parameters over the policies that ship.
func layered(t *testing.T, parameters string) string {
	t.Helper()
	layer := filepath.Join(t.TempDir(), "data.json")
	if err := os.WriteFile(layer, []byte(`{"parameters": `+parameters+`}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return "NIDAN_POLICIES_DATA=" + layer
}

// byApp completes a session with a code of the authenticator app, through one of Kratos' native flows.
func byApp(t *testing.T, session http.Header, secret string) {
	t.Helper()
	s := &signIn{t: t}
	s.begin("?aal=aal2", session)
	body := map[string]string{"method": "totp", "totp_code": totp(t, secret)}
	if status := s.json(http.MethodPost, kratosPublic+"/self-service/login?flow="+s.flow, body, session, nil); status != http.StatusOK {
		t.Fatalf("the second factor was not taken: %d", status)
	}
}

// waiting is Nidan's answer about a session that waits for a second factor.
type waiting struct {
	Error        string
	Capabilities []string
	Reasons      map[string]string
	Session      struct{ AAL string }
	StepUp       *struct{ ACR, Location string } `json:"step_up"`
}

func (n *nidan) worthNothing(session http.Header, level string) {
	n.t.Helper()
	got := n.get("/capabilities", session)
	var w waiting
	if err := json.NewDecoder(got.Body).Decode(&w); err != nil {
		n.t.Fatal(err)
	}
	location := origin + "/self-service/login/browser?aal=aal2"
	if w.StepUp == nil || w.StepUp.ACR != "aal2" || w.StepUp.Location != location {
		n.t.Errorf("the answer says that the session waits for %+v", w.StepUp)
	}
	want := map[string]int{"aal1": http.StatusOK, "highest_available": http.StatusUnauthorized}[level]
	if got.StatusCode != want || len(w.Capabilities) > 0 || want == http.StatusOK && w.Reasons["phonebook"] != "aal2_needed" {
		n.t.Errorf("got %d %+v", got.StatusCode, w)
	}
	for _, capability := range []string{"phonebook", "call_history", "agent", "console", "enrol", "else"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			got := n.send(method, "/check?capability="+capability, session, "")
			if capability == "else" || capability == "enrol" {
				if got.StatusCode < 400 {
					n.t.Errorf("%s /check of %s: %d", method, capability, got.StatusCode)
				}
				continue
			}
			header := got.Header.Get("WWW-Authenticate")
			if got.StatusCode != http.StatusUnauthorized || header != `Bearer error="insufficient_user_authentication", acr_values="aal2"` ||
				got.Header.Get("Location") != location {
				n.t.Errorf("%s /check of %s: %d, %s, %s", method, capability, got.StatusCode, header, got.Header.Get("Location"))
			}
		}
	}
	for _, path := range []string{"/console/api/v1/me", "/console/api/v1/settings"} {
		if got := n.get(path, session).StatusCode; got != http.StatusForbidden && got != http.StatusUnauthorized {
			n.t.Errorf("%s: %d", path, got)
		}
	}
}

// leadsTo returns the address to which one of Nidan's pages sends a browser; empty: nowhere.
func leadsTo(n *nidan, path string, session http.Header) string {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, n.public+path, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header = session
	got, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	got.Body.Close()
	return got.Header.Get("Location")
}

// worthAll checks that Kratos calls a session aal2, and that the session may do everything.
func (n *nidan) worthAll(session http.Header) {
	n.t.Helper()
	got := n.get("/capabilities", session)
	var w waiting
	if err := json.NewDecoder(got.Body).Decode(&w); err != nil || got.StatusCode != http.StatusOK {
		n.t.Fatalf("got %d, %v", got.StatusCode, err)
	}
	all := []string{"phonebook", "call_history", "agent", "console"}
	if !slices.Equal(w.Capabilities, all) || w.Session.AAL != "aal2" || w.StepUp != nil {
		n.t.Errorf("got %+v", w)
	}
}

const appsFirst = `{"second_step_by": ["aal2", "email"]}`

func TestWhoHasAnAuthenticatorAppIsNotMailedACode(t *testing.T) {
	for _, level := range []string{"aal1", "highest_available"} {
		t.Run("whoami asks for "+level, func(t *testing.T) {
			withFactors(t, level)
			n := withParameters(t, appsFirst)
			who := account(t, administrator)
			s := newSignIn(t, who)
			s.expect("code_sent", 1990001, nil) // there is no factor yet
			secret := authenticatorApp(t, s.expectIn(code(n.newestCode())))
			mails := len(n.mailbox.Messages())

			s = newSignIn(t, who)
			r := s.submit(nil)
			if r.Status != http.StatusOK || r.Session.AAL != "aal1" {
				t.Fatalf("got %d %+v", r.Status, r)
			}
			native := http.Header{"X-Session-Token": {r.Token}}
			n.worthNothing(native, level)
			byApp(t, native, secret)
			n.worthAll(native)

			f := newForm(t, who)
			browser := f.in(f.submit(`{}`))
			n.worthNothing(browser, level)
			for _, path := range []string{"/console/settings", "/console/me?x=1"} {
				at := origin + "/self-service/login/browser?aal=aal2&return_to=" + url.QueryEscape(origin+path)
				if got := leadsTo(n, path, browser); got != at {
					t.Errorf("%s leads to %s, want %s", path, got, at)
				}
			}
			if got := leadsTo(n, "/login", browser); level != "aal1" && got != "/self-service/login/browser?aal=aal2" {
				t.Errorf("the sign-in page leads to %s", got)
			}
			f.begin("?aal=aal2")
			f.fields = url.Values{"csrf_token": f.fields["csrf_token"], "method": {"totp"}, "totp_code": {totp(t, secret)}}
			browser = f.in(f.post())
			n.worthAll(browser)
			if got := n.get("/console/api/v1/settings", browser).StatusCode; got != http.StatusOK {
				t.Errorf("the console's API: %d", got)
			}

			if got := len(n.mailbox.Messages()); got != mails {
				t.Errorf("%d codes were mailed", got-mails)
			}
			if !strings.Contains(n.log.String(), "reason=aal2_needed") {
				t.Errorf("the sign-in is not logged as one that waits:\n%s", n.log)
			}
		})
	}
}

// One Kratos serves all of these tests: each start of Kratos takes seconds.
func TestFactors(t *testing.T) {
	own := withFactors(t, "aal1")
	for name, test := range map[string]func(t *testing.T){
		"a factor of which Nidan was not told earns nothing":     notTold,
		"a sign-in whose factors cannot be looked up is refused": refusedWithoutFactors,
		"a role that must not use mail":                          withoutMail,
		"a code that is mailed for enrolment is no second step":  mailedForEnrolment,
		"a browser is sent to step up, and comes back":           func(t *testing.T) { sentToStepUp(t, own) },
	} {
		t.Run(name, test)
	}
}

// Kratos gives a session a new time (authenticated_at) with each step. It also keeps when each step was completed. That is earlier than the
// session's time, and by how much depends on the machine. So Nidan cannot recognise a session by its first step. Kratos' word alone does
// not count either: Kratos also raises a session when a person enrols a factor.
func notTold(t *testing.T) {
	n := withParameters(t, appsFirst)
	who := account(t, administrator)
	s := newSignIn(t, who)
	s.expect("code_sent", 1990001, nil)
	secret := authenticatorApp(t, s.expectIn(code(n.newestCode())))
	session := http.Header{"X-Session-Token": {newSignIn(t, who).submit(nil).Token}}
	type said struct {
		AuthenticatedAt time.Time `json:"authenticated_at"`
		Steps           []struct {
			Method      string
			CompletedAt time.Time `json:"completed_at"`
		} `json:"authentication_methods"`
	}
	var before, after said
	s.json(http.MethodGet, kratosPublic+"/sessions/whoami", nil, session, &before)
	byApp(t, session, secret)
	s.json(http.MethodGet, kratosPublic+"/sessions/whoami", nil, session, &after)
	if !after.AuthenticatedAt.After(before.AuthenticatedAt) || len(after.Steps) != 2 {
		t.Fatalf("before %+v, after %+v", before, after)
	}
	if !after.Steps[0].CompletedAt.Before(before.AuthenticatedAt) {
		t.Errorf("the first step was completed at %v, and the session's instant was %v", after.Steps[0].CompletedAt, before.AuthenticatedAt)
	}
	n.worthAll(session)
	n.sql("DELETE FROM sign_ins") // as if Kratos had told Nidan of no sign-in
	n.expectWorth(session, "unknown unknown")
}

func refusedWithoutFactors(t *testing.T) {
	n := withParameters(t, appsFirst)
	who := account(t, nil)
	n.stop()
	n.env = append(n.env, "NIDAN_KRATOS_ADMIN_URL=http://127.0.0.1:1")
	n.start()
	newSignIn(t, who).expect("unavailable", 4990008, nil)
	newSignIn(t, account(t, off)).expectIn(nil) // an account that is not asked for a code needs no factor
}

func withoutMail(t *testing.T) {
	n := withParameters(t, `{"second_step_by_of_role": {"owner": {"by": ["aal2"], "from": "2026-01-01"}}}`)
	owner := account(t, func(a *kratos.Account) { a.Role = "owner" })
	r := newSignIn(t, owner).expect("refused", 4990007, map[string]any{"locale": "en"})
	if !strings.Contains(r.UI.Messages[0].Text, "authenticator app") || len(n.mailbox.Messages()) > 0 {
		t.Errorf("it reads %q, and %d codes were mailed", r.UI.Messages[0].Text, len(n.mailbox.Messages()))
	}
	newSignIn(t, account(t, nil)).expect("code_sent", 1990001, nil) // other accounts are mailed a code
}

func mailedForEnrolment(t *testing.T) {
	n := withParameters(t, `{"second_step_by": ["aal2"], "enrol_by_email": true}`)
	who := account(t, administrator)
	s := newSignIn(t, who)
	s.expect("code_sent", 1990001, nil)
	session := s.expectIn(code(n.newestCode()))
	var w waiting
	if err := json.NewDecoder(n.get("/capabilities", session).Body).Decode(&w); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(w.Capabilities, []string{"enrol"}) || w.Reasons["phonebook"] != "second_factor_needed" {
		t.Errorf("got %+v", w)
	}
	for capability, want := range map[string]int{"enrol": http.StatusNoContent, "phonebook": http.StatusForbidden, "console": http.StatusForbidden} {
		if got := n.get("/check?capability="+capability, session).StatusCode; got != want {
			t.Errorf("/check of %s: %d, want %d", capability, got, want)
		}
	}
	secret := authenticatorApp(t, session)
	session = http.Header{"X-Session-Token": {newSignIn(t, who).submit(nil).Token}}
	n.worthNothing(session, "aal1")
	byApp(t, session, secret)
	n.worthAll(session)
}

// older makes Kratos' sessions older by a number of minutes.
func older(t *testing.T, k *ownKratos, minutes int) {
	t.Helper()
	db, err := sql.Open("pgx", k.run.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `UPDATE sessions SET authenticated_at = authenticated_at - $1 * interval '1 minute'`, minutes); err != nil {
		t.Fatal(err)
	}
}

func sentToStepUp(t *testing.T, k *ownKratos) {
	b := newBehindNginx(withParameters(t, `{"second_step_by": ["aal2", "email"], "capability_terms": {"console": {"max_age_minutes": 60, "aal": "aal2"}}}`))
	who := account(t, administrator)
	s := newSignIn(t, who)
	s.expect("code_sent", 1990001, nil)
	native := s.expectIn(code(b.newestCode()))
	header := http.Header{"Accept": {"application/json"}}
	b.expectStatus(http.StatusOK, http.MethodGet, b.agent+"/", native)
	got := b.expectStatus(http.StatusUnauthorized, http.MethodGet, b.console+"/", native, header) // a code is not enough for this application
	if !strings.HasSuffix(got.says, `, acr_values="aal2"`) {
		t.Errorf("a client is told %q", got.says)
	}
	secret := authenticatorApp(t, native)

	f := newForm(t, who)
	session := f.in(f.submit(`{}`))
	sent := func(address, query string) {
		t.Helper()
		got := b.expectStatus(http.StatusSeeOther, http.MethodGet, address+"/board?tab=1&x=2", page, session)
		if want := signInAt + "?" + query + "&return_to=" + url.QueryEscape(origin+"/board?tab=1&x=2"); got.location != want {
			t.Fatalf("sent to %s, want %s", got.location, want)
		}
		_, query, _ = strings.Cut(got.location, "?")
		f.begin("?" + query)
	}
	back := func() {
		t.Helper()
		if f.leadsTo != origin+"/board?tab=1&x=2" {
			t.Errorf("back to %s", f.leadsTo)
		}
		b.expectStatus(http.StatusOK, http.MethodGet, b.agent+"/board", page, session)
		b.expectStatus(http.StatusOK, http.MethodGet, b.console+"/board", page, session)
	}
	sent(b.agent, "aal=aal2") // the session is worth nothing yet
	sent(b.console, "aal=aal2")
	passwords := f.fields
	f.fields = url.Values{"csrf_token": passwords["csrf_token"], "method": {"totp"}, "totp_code": {totp(t, secret)}}
	session = f.in(f.post())
	back()

	older(t, k, 61)
	b.sql("UPDATE sign_ins SET authenticated_at = authenticated_at - 3660000000") // in microseconds: Nidan's records must have the times of Kratos' sessions
	b.expectStatus(http.StatusOK, http.MethodGet, b.agent+"/board", page, session)
	b.expectStatus(http.StatusUnauthorized, http.MethodGet, b.console+"/board", session, header)
	f.fields = passwords
	sent(b.console, "refresh=true")
	session = f.in(f.submit(`{}`)) // this session has already passed the factor
	back()
}
