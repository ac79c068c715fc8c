package signin

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"nidan/brand"
	"nidan/challenge"
	"nidan/hooks"
	"nidan/kratos"
	"nidan/server/page/pagetest"
)

// The e2e tests check these pages in a real browser on the real Kratos. These tests check what needs neither of them.

// named matches the texts whose names are built, or come from the program.
var named = regexp.MustCompile(`^(kratos_|factor_(totp|webauthn|passkey|lookup_secret)(_what)?$|(error|not_found|other_site|away|not_taken)(_what)?$|left_|without_script_)`)

func TestTheTexts(t *testing.T) {
	own, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := hooks.Sentences()
	if err != nil {
		t.Fatal(err)
	}
	texts := own.With(sentences)
	pagetest.SameInBothLanguages(t, texts)
	pagetest.NoneMissingNoneTooMany(t, texts, files, func(name string) bool {
		return sentences["ja"][name] != "" || named.MatchString(name)
	})
}

// mounted returns the pages in front of a Kratos that knows only the flow "known".
func mounted(t *testing.T, https bool) *echo.Echo {
	t.Helper()
	k := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path != "/self-service/login/flows" || r.URL.Query().Get("id") != "known" {
			w.WriteHeader(http.StatusGone)
			w.Write([]byte(`{"error": {"id": "self_service_flow_expired"}}`))
			return
		}
		w.Write([]byte(`{"id": "known", "type": "browser", "expires_at": "2026-04-01T09:00:00Z", "issued_at": "2026-04-01T09:00:00Z",
			"request_url": "http://x/", "state": "choose_method", "return_to": "http://x/</script><b>",
			"ui": {"action": "/submit", "method": "POST", "messages": [], "nodes": [{"type": "input", "group": "default", "messages": [], "meta": {},
			"attributes": {"name": "csrf_token", "type": "hidden", "value": "the-token", "disabled": false, "node_type": "input"}}]}}`))
	}))
	t.Cleanup(k.Close)
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	h := &Handler{
		Kratos: kratos.NewFrontend(k.URL, "ory_kratos_session"), Remembered: remembers, FromHere: anyOrigin, HTTPS: https, Brand: brand.Brand{Name: "<Brand>"}, Texts: texts, Rand: rand.Reader,
		Log: slog.New(slog.DiscardHandler),
	}
	if err := h.Mount(e); err != nil {
		t.Fatal(err)
	}
	e.HTTPErrorHandler = h.Explain
	return e
}

var rememberedToken = strings.Repeat("r", 43)

// remembers is a store in which exactly one device is remembered.
func remembers(_ context.Context, tokenHash []byte) (bool, error) {
	return bytes.Equal(tokenHash, challenge.HashDeviceToken(rememberedToken)), nil
}

func get(e *echo.Echo, path string, cookies ...*http.Cookie) *http.Response {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w.Result()
}

func TestAFlowIsBegunWhereThereIsNone(t *testing.T) {
	e := mounted(t, false)
	for path, want := range map[string]string{
		"/login":              "/self-service/login/browser",
		"/login?flow=expired": "/self-service/login/browser",
		"/login?return_to=http%3A%2F%2Fx%2F%3Fa%3Db": "/self-service/login/browser?return_to=http%3A%2F%2Fx%2F%3Fa%3Db",
		"/": "/login",
		"/login?refresh=true&return_to=%2Fconsole": "/self-service/login/browser?refresh=true&return_to=%2Fconsole",
	} {
		if got := get(e, path); got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != want {
			t.Errorf("%s: %d to %s, want %s", path, got.StatusCode, got.Header.Get("Location"), want)
		}
	}
}

func TestNobodyIsShownToWhoSendsTwoSessions(t *testing.T) {
	session := &http.Cookie{Name: "ory_kratos_session", Value: "1"}
	if got := get(mounted(t, false), "/", session, session).StatusCode; got != http.StatusBadRequest {
		t.Errorf("got %d", got)
	}
}

func TestThePageRunsNothingButItsOwn(t *testing.T) {
	w := get(mounted(t, false), "/login?flow=known")
	var page bytes.Buffer
	if _, err := page.ReadFrom(w.Body); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "</script><b>") || strings.Contains(page.String(), "<Brand>") {
		t.Errorf("a value became markup:\n%s", page.String())
	}
	if !strings.Contains(page.String(), "the-token") {
		t.Error("the page does not hold the flow")
	}
	policy := w.Header.Get("Content-Security-Policy")
	for _, rule := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
		if !strings.Contains(policy, rule) {
			t.Errorf("the rules lack %s: %s", rule, policy)
		}
	}
	if w.Header.Get("Cache-Control") != "no-store" {
		t.Error("the page may be kept")
	}
}

func TestTheDevicesCookie(t *testing.T) {
	first := get(mounted(t, false), "/login?flow=known").Cookies()[0]
	if first.Name != "nidan_device" || len(first.Value) != 43 || !first.HttpOnly || first.Secure ||
		first.SameSite != http.SameSiteLaxMode || first.Path != "/" || first.Domain != "" {
		t.Errorf("on plain HTTP: %+v", first)
	}
	secure := get(mounted(t, true), "/login?flow=known").Cookies()[0]
	if secure.Name != "__Host-nidan_device" || !secure.Secure || secure.Path != "/" || secure.Domain != "" {
		t.Errorf("over HTTPS: %+v", secure)
	}
	if secure.Value == first.Value {
		t.Error("two browsers have the same token")
	}
	known := &http.Cookie{Name: "nidan_device", Value: rememberedToken}
	if again := get(mounted(t, false), "/login?flow=known", known).Cookies()[0]; again.Value != known.Value {
		t.Error("a browser that is remembered gets another token")
	}
	if again := get(mounted(t, false), "/login?flow=known", first).Cookies()[0]; again.Value == first.Value {
		t.Error("a token that nobody is remembered by is kept: somebody may have planted it")
	}
	odd := &http.Cookie{Name: "nidan_device", Value: "short"}
	if got := get(mounted(t, false), "/login?flow=known", odd).Cookies()[0]; got.Value == "short" {
		t.Error("a token that is none is kept")
	}
}
