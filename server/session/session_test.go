package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/kratos"
	"nidan/policies"
	"nidan/settings"
)

var at = time.Date(2026, 4, 1, 9, 0, 0, 123456789, time.UTC)

type faults struct{ whoami, settings, signIn, policies error }

// kratos is a Kratos that knows the agent's token and the owner's cookie. If a request has both, it uses the token.
func (f faults) kratos(t *testing.T) *kratos.Frontend {
	t.Helper()
	k := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		cookie, _ := r.Cookie("ory_kratos_session")
		name := ""
		switch token := r.Header.Get("X-Session-Token"); {
		case token == "the-token":
			name = "agent"
		case token == "" && cookie != nil && cookie.Value == "1":
			name = "owner"
		}
		switch {
		case f.whoami != nil:
			w.WriteHeader(http.StatusInternalServerError)
		case name == "":
			w.WriteHeader(http.StatusUnauthorized)
		}
		fmt.Fprintf(w, `{"id": "s", "authenticated_at": %q, "identity": {"id": "%[2]s-id", "state": "active", "schema_id": "account",
			"schema_url": "", "traits": {"account": %[2]q, "email": "%[2]s@example.com"},
			"metadata_public": {"two_factor": {"enabled": true}}}}`, at.Format(time.RFC3339Nano), name)
	}))
	t.Cleanup(k.Close)
	return kratos.NewFrontend(k.URL, "ory_kratos_session")
}

func (f faults) Settings(context.Context) (settings.Settings, error) {
	return settings.Settings{TwoFactor: true}, f.settings
}

func (f faults) SignIn(_ context.Context, account string, when time.Time) (*exchange.SignIn, error) {
	return &exchange.SignIn{
		Account: account, AuthenticatedAt: when, Channel: "softphone", SecondStep: exchange.StepPassed,
	}, f.signIn
}

var shipped = sync.OnceValues(func() (*policies.Engine, error) { return policies.New(context.Background(), policies.Shipped()) })

// judge asks the policies that ship, or returns an error.
type judge struct {
	*policies.Engine
	err error
}

func (j judge) Capabilities(ctx context.Context, in policies.CapabilitiesInput) (policies.Capabilities, error) {
	c, err := j.Engine.Capabilities(ctx, in)
	return c, errors.Join(err, j.err)
}

func ask(t *testing.T, f faults, path string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	return askBy(t, http.MethodGet, f, path, header)
}

func askBy(t *testing.T, method string, f faults, path string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	engine, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	return askWith(t, f, judge{engine, f.policies}, method, path, header)
}

func askWith(t *testing.T, f faults, j Judge, method, path string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	e := echo.New()
	handlerOn(t, f, j).Mount(e)
	r := httptest.NewRequest(method, path, nil)
	r.Header = header
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

func handlerOn(t *testing.T, f faults, j Judge) *Handler {
	t.Helper()
	return &Handler{
		Visitors: &Visitors{
			Kratos: f.kratos(t), Store: f, Policies: j, Now: time.Now, TimeZone: time.UTC,
			Identity: kratos.Pointers{
				Account: "/traits/account", Name: "/traits/name", Email: "/traits/email", Locale: "/traits/locale",
				Role: "/metadata_public/role", TwoFactor: "/metadata_public/two_factor/enabled",
				Locked: "/metadata_public/locked", PasswordExpired: "/metadata_public/password_expired", Plan: "/metadata_public/plan",
			},
		},
		Origin: "https://signin.example.com", ReturnTo: []string{"https://app.example.com"}, Log: slog.New(slog.DiscardHandler),
	}
}

var (
	signedIn = http.Header{"X-Session-Token": {"the-token"}}           // the agent
	byCookie = http.Header{"Cookie": {"csrf=2; ory_kratos_session=1"}} // the owner
)

func TestCapabilitiesAreAnsweredAsTheContractSays(t *testing.T) {
	for name, header := range map[string]http.Header{"by token": signedIn, "by cookie": byCookie} {
		w := ask(t, faults{}, "/capabilities", header)
		const want = `{"session":{"channel":"softphone","second_step":"passed","at":"2026-04-01T09:00:00.123456789Z","aal":"unknown"},` +
			`"capabilities":["phonebook","call_history","agent"],"reasons":{"console":"console_asks_a_code"},` +
			`"step_up_by_capability":{"console":{"location":"https://signin.example.com/self-service/login/browser?refresh=true"}}}`
		if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusOK || got != want {
			t.Errorf("%s: got %d %s", name, w.Code, got)
		}
		if got := w.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control is %q", name, got)
		}
	}
}

func TestCheck(t *testing.T) {
	for path, want := range map[string]struct {
		status int
		body   string
	}{
		"/check?capability=agent":                    {204, ""},
		"/check?capability=phonebook":                {204, ""},
		"/check?capability=console":                  {403, "console_asks_a_code"},
		"/check?capability=console&capability=agent": {403, "console_asks_a_code"},
		"/check?capability=everything":               {403, "unknown_capability"},
		"/check?capability=agent%20":                 {403, "unknown_capability"},
		"/check":                                     {403, "say which"},
	} {
		w := ask(t, faults{}, path, signedIn)
		if w.Code != want.status || !strings.Contains(w.Body.String(), want.body) {
			t.Errorf("%s: got %d %s", path, w.Code, w.Body)
		}
	}
	if w := ask(t, faults{}, "/check?capability=agent", nil); w.Code != http.StatusUnauthorized {
		t.Errorf("without a session: %d", w.Code)
	}
}

func TestTwoProofsAreAnsweredForNobody(t *testing.T) {
	const token, cookie = "the-token", "ory_kratos_session=1"
	for name, header := range map[string]http.Header{
		"one's cookie with another's token":      {"X-Session-Token": {token}, "Cookie": {cookie}},
		"a cookie that is made up, with a token": {"X-Session-Token": {token}, "Cookie": {"ory_kratos_session=x"}},
		"two tokens":                             {"X-Session-Token": {token, "another"}},
		"the same token twice":                   {"X-Session-Token": {token, token}},
		"two cookies":                            {"Cookie": {cookie + "; ory_kratos_session=2"}},
		"two cookies with another between":       {"Cookie": {"ory_kratos_session=2; csrf=x;" + cookie}},
		"two cookies in two headers":             {"Cookie": {cookie, "ory_kratos_session=2"}},
		"two cookies parted by a comma":          {"Cookie": {"a=b,ory_kratos_session=2; " + cookie}},
		"two cookies that differ in case":        {"Cookie": {"ORY_Kratos_session=2; " + cookie}},
		"a cookie and a bearer token":            {"Cookie": {cookie}, "Authorization": {"Bearer " + token}},
		"a token and a bearer token":             {"X-Session-Token": {token}, "Authorization": {"bearer another"}},
		"two bearer tokens":                      {"Authorization": {"Bearer " + token, "Bearer another"}},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			for _, path := range []string{"/capabilities", "/check?capability=phonebook", "/check"} {
				if method == http.MethodPost && path == "/capabilities" {
					continue // /capabilities has no POST
				}
				w := askBy(t, method, faults{}, path, header)
				if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"error":"send one session: `) {
					t.Errorf("%s, %s %s: got %d %s", name, method, path, w.Code, w.Body)
				}
				if got := w.Header().Get("X-Nidan-Account"); got != "" {
					t.Errorf("%s, %s %s: answered for %s", name, method, path, got)
				}
			}
		}
	}
}

func TestWhatIsNoSecondProof(t *testing.T) {
	for name, header := range map[string]http.Header{
		"cookies of others":                     {"X-Session-Token": {"the-token"}, "Cookie": {"csrf=1; my_ory_kratos_session=1; x=ory_kratos_session"}},
		"an empty cookie, as after signing out": {"X-Session-Token": {"the-token"}, "Cookie": {"ory_kratos_session="}},
		"an empty token, as proxies send it":    {"X-Session-Token": {""}, "Cookie": {"ory_kratos_session=1"}},
		"a name and a password":                 {"X-Session-Token": {"the-token"}, "Authorization": {"Basic YTpi"}},
	} {
		if w := ask(t, faults{}, "/check?capability=phonebook", header); w.Code != http.StatusNoContent {
			t.Errorf("%s: got %d %s", name, w.Code, w.Body)
		}
	}
	// The contract names only the cookie and X-Session-Token.
	w := ask(t, faults{}, "/check?capability=phonebook", http.Header{"Authorization": {"Bearer the-token"}})
	if w.Code != http.StatusUnauthorized {
		t.Errorf("a bearer token alone: got %d", w.Code)
	}
}

func TestEachAnswerSaysWhoseItIs(t *testing.T) {
	for path, status := range map[string]int{
		"/capabilities": 200, "/check?capability=phonebook": 204, "/check?capability=console": 403, "/check": 403,
	} {
		for want, header := range map[string]http.Header{"agent-id": signedIn, "owner-id": byCookie} {
			w := ask(t, faults{}, path, header)
			if got := w.Header().Get("X-Nidan-Account"); got != want || w.Code != status {
				t.Errorf("%s of %s: got %d for %q", path, want, w.Code, got)
			}
		}
	}
	if w := askBy(t, http.MethodPost, faults{}, "/check?capability=agent", signedIn); w.Header().Get("X-Nidan-Account") != "agent-id" {
		t.Errorf("POST /check: got %d for %q", w.Code, w.Header().Get("X-Nidan-Account"))
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"nobody is signed in": ask(t, faults{}, "/check?capability=agent", nil),
		"it cannot be told":   ask(t, faults{signIn: errors.New("a broken disk")}, "/check?capability=agent", signedIn),
	} {
		if got := w.Header().Get("X-Nidan-Account"); got != "" {
			t.Errorf("where %s: for %q", name, got)
		}
	}
}

func TestASessionWithoutARecord(t *testing.T) {
	w := ask(t, faults{signIn: challenge.ErrNotFound}, "/capabilities", signedIn)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"second_step":"unknown"`) ||
		strings.Contains(w.Body.String(), `"agent"]`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestWhatCannotBeToldIsWorthNothing(t *testing.T) {
	broken := errors.New("a broken disk")
	for name, f := range map[string]faults{
		"Kratos":       {whoami: broken},
		"the settings": {settings: broken},
		"the records":  {signIn: broken},
		"the policies": {policies: broken},
	} {
		for _, path := range []string{"/capabilities", "/check?capability=phonebook"} {
			w := ask(t, f, path, signedIn)
			if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "disk") {
				t.Errorf("%s without %s: %d %s", path, name, w.Code, w.Body)
			}
		}
	}
}
