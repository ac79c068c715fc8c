package session

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/kratos"
	"nidan/policies"
)

var at = time.Date(2026, 4, 1, 9, 0, 0, 123456789, time.UTC)

// faults are what can go wrong while a question is answered.
type faults struct{ whoami, settings, signIn, policies error }

func (f faults) Whoami(_ context.Context, c kratos.Credentials) (kratos.Session, error) {
	if c.Token != "the-token" && c.Cookie != "ory_kratos_session=1" {
		return kratos.Session{}, kratos.ErrGone
	}
	id := kratos.Identity{ID: "agent-id", State: "active", Traits: map[string]any{"account": "agent", "email": "agent@example.com"}}
	id.MetadataPublic = map[string]any{"two_factor": map[string]any{"enabled": true}}
	return kratos.Session{Identity: id, AuthenticatedAt: at}, f.whoami
}

func (f faults) Settings(context.Context) (challenge.Settings, error) {
	return challenge.Settings{TwoFactor: true, AdminConsole: true, Softphone: true}, f.settings
}

func (f faults) SignIn(_ context.Context, account string, when time.Time) (*challenge.SignIn, error) {
	return &challenge.SignIn{
		Account: account, AuthenticatedAt: when, Channel: "softphone", SecondStep: challenge.StepPassed,
	}, f.signIn
}

// judge is the policies that ship, or a fault.
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
	engine, err := policies.New(t.Context(), policies.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	(&Handler{
		Visitors: &Visitors{
			Kratos: f, Records: f, Policies: judge{engine, f.policies}, Now: time.Now,
			Identity: kratos.Pointers{
				Account: "/traits/account", Name: "/traits/name", Email: "/traits/email", Locale: "/traits/locale",
				Role: "/metadata_public/role", TwoFactor: "/metadata_public/two_factor/enabled",
				Locked: "/metadata_public/locked", PasswordExpired: "/metadata_public/password_expired", Plan: "/metadata_public/plan",
			},
		},
		Log: slog.New(slog.DiscardHandler),
	}).Mount(e)
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header = header
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

var signedIn = http.Header{"X-Session-Token": {"the-token"}}

func TestCapabilitiesAreAnsweredAsTheContractSays(t *testing.T) {
	for name, header := range map[string]http.Header{
		"by token": signedIn, "by cookie": {"Cookie": {"ory_kratos_session=1"}},
	} {
		w := ask(t, faults{}, "/capabilities", header)
		const want = `{"session":{"channel":"softphone","second_step":"passed","at":"2026-04-01T09:00:00.123456789Z"},` +
			`"capabilities":["phonebook","call_history","agent"],"reasons":{"console":"console_asks_a_code"}}`
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
