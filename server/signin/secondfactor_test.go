package signin

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"nidan/brand"
	"nidan/hooks"
	"nidan/kratos"
)

// The e2e tests run the whole way with a real authenticator app and a real security key. These tests check where each answer of
// Kratos leads.

// before returns the pages in front of a Kratos that gives the same answer to every request.
func before(t *testing.T, status int, answer string) *echo.Echo {
	t.Helper()
	k := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Add("Set-Cookie", "csrf_token=1")
		w.WriteHeader(status)
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(k.Close)
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := hooks.Sentences()
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	h := &Handler{
		Kratos: kratos.NewFrontend(k.URL, "ory_kratos_session"), Remembered: remembers, FromHere: anyOrigin, Origin: "http://x", Brand: brand.Brand{Name: "Brand"},
		Texts: texts.With(sentences), Rand: rand.Reader, Log: slog.New(slog.DiscardHandler),
	}
	if err := h.Mount(e); err != nil {
		t.Fatal(err)
	}
	return e
}

const lacksAAL2 = `{"error": {"id": "session_aal2_required", "code": 403}, "redirect_browser_to": "http://evil/"}`

func TestWhereWhoEnrolsASecondFactorIsLed(t *testing.T) {
	const aal2 = "/self-service/login/browser?aal=aal2&return_to=http%3A%2F%2Fx%2Fsecond-factor"
	for name, tc := range map[string]struct {
		path   string
		status int
		answer string
		want   int
		to     string
		says   string
	}{
		"nobody is signed in":          {"/second-factor", 401, `{}`, 303, "/self-service/login/browser?return_to=http%3A%2F%2Fx%2Fsecond-factor", ""},
		"the second factor is missing": {"/second-factor", 403, lacksAAL2, 303, aal2, ""},
		"the same, with a flow":        {"/second-factor?flow=f", 403, lacksAAL2, 303, aal2, ""},
		"a flow that has expired":      {"/second-factor?flow=f", 410, `{}`, 303, "/second-factor", ""},
		"a hook is against it": {"/second-factor", 500, `{"error": {"code": 500, "message": "1 validation errors occurred:\n(0) I[#/] S[] a webhook target returned an error"}}`,
			403, "", `/self-service/login/browser?refresh=true&amp;return_to=http%3A%2F%2Fx%2Fsecond-factor`},
		"Kratos fails":              {"/second-factor", 500, `{"error": {"code": 500, "message": "out of memory"}}`, 502, "", ""},
		"Kratos fails, with a flow": {"/second-factor?flow=f", 500, `{"error": {"code": 500}}`, 502, "", ""},
		"a sign-in that lacks its second factor goes on there": {"/login?return_to=http%3A%2F%2Fx%2Fconsole", 403, lacksAAL2, 303,
			"/self-service/login/browser?aal=aal2&return_to=http%3A%2F%2Fx%2Fconsole", ""},
		"one that is to be refreshed is not": {"/login?refresh=true", 403, lacksAAL2, 303, "/self-service/login/browser?refresh=true", ""},
		"the first page knows it too":        {"/", 403, lacksAAL2, 303, "/login", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := get(before(t, tc.status, tc.answer), tc.path)
			body, err := io.ReadAll(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			if w.StatusCode != tc.want || w.Header.Get("Location") != tc.to || !strings.Contains(string(body), tc.says) {
				t.Errorf("got %d to %s\n%s", w.StatusCode, w.Header.Get("Location"), body)
			}
		})
	}
}

const settingsFlow = `{"id": "f", "type": "browser", "state": "show_form", "expires_at": "2026-04-01T09:00:00Z", "issued_at": "2026-04-01T09:00:00Z",
	"request_url": "http://x/", "identity": {"id": "1", "schema_id": "account", "schema_url": "", "traits": {}},
	"ui": {"action": "http://x/self-service/settings?flow=f", "method": "POST", "messages": [], "nodes": [
	{"type": "input", "group": "default", "messages": [], "meta": {}, "attributes": {"name": "csrf_token", "type": "hidden", "value": "the-token", "disabled": false, "node_type": "input"}},
	{"type": "input", "group": "password", "messages": [], "meta": {}, "attributes": {"name": "password", "type": "password", "disabled": false, "node_type": "input"}},
	{"type": "img", "group": "totp", "messages": [], "meta": {}, "attributes": {"id": "totp_qr", "src": "SRC", "width": 1, "height": 1, "node_type": "img"}},
	{"type": "input", "group": "totp", "messages": [], "meta": {}, "attributes": {"name": "totp_code", "type": "text", "disabled": false, "node_type": "input"}},
	{"type": "input", "group": "totp", "messages": [], "meta": {}, "attributes": {"name": "method", "type": "submit", "value": "totp", "disabled": false, "node_type": "input"}},
	{"type": "input", "group": "webauthn", "messages": [], "meta": {}, "attributes": {"name": "webauthn_remove", "type": "submit", "value": "k", "disabled": false, "node_type": "input"}},
	{"type": "input", "group": "webauthn", "messages": [], "meta": {}, "attributes": {"name": "webauthn_register_displayname", "type": "text", "disabled": false, "node_type": "input"}}]}}`

func TestThePageOfSecondFactors(t *testing.T) {
	began := get(before(t, 200, settingsFlow), "/second-factor")
	if began.Header.Get("Location") != "/second-factor?flow=f" || began.Header.Get("Set-Cookie") == "" {
		t.Errorf("a flow that was begun leads to %s, with the cookie %q", began.Header.Get("Location"), began.Header.Get("Set-Cookie"))
	}
	for src, shown := range map[string]bool{"data:image/png;base64,AAAA": true, "javascript:alert(1)": false, "http://evil/pixel": false} {
		w := get(before(t, 200, strings.Replace(settingsFlow, "SRC", src, 1)), "/second-factor?flow=f")
		raw, err := io.ReadAll(w.Body)
		if err != nil || w.StatusCode != http.StatusOK {
			t.Fatalf("got %d %v", w.StatusCode, err)
		}
		body := string(raw)
		if strings.Contains(body, `src="`+src+`"`) != shown {
			t.Errorf("the image %s is shown: %v", src, !shown)
		}
		if strings.Contains(body, `name="password"`) || !strings.Contains(body, "the-token") {
			t.Errorf("the page is\n%s", body)
		}
		// The Enter key presses the first button of a form.
		for form := range strings.SplitSeq(body, "<form") {
			if strings.Contains(form, `name="webauthn_remove"`) && strings.Contains(form, "webauthn_register_displayname") {
				t.Errorf("a key is removed by Enter in\n%s", form)
			}
		}
		if rules := w.Header.Get("Content-Security-Policy"); !strings.Contains(rules, "img-src 'self' data:") || !strings.Contains(rules, "script-src 'self';") {
			t.Errorf("the rules are %s", rules)
		}
	}
}
