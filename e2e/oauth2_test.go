package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// hydra stands in for Ory Hydra. It answers Kratos' requests about the sign-in of an OAuth 2.0 client: GET and PUT of
// /admin/oauth2/auth/requests/login, as in Hydra's OpenAPI. Its page stands for the page to which Hydra sends the browser next.
type hydra struct {
	server *httptest.Server

	mu       sync.Mutex
	accepted []string // the accepted challenges, each with its subject
}

func newHydra(t *testing.T) *hydra {
	t.Helper()
	h := &hydra{}
	mux := http.NewServeMux()
	h.server = httptest.NewServer(mux)
	t.Cleanup(h.server.Close)
	mux.HandleFunc("GET /admin/oauth2/auth/requests/login", func(w http.ResponseWriter, r *http.Request) {
		answerJSON(w, map[string]any{
			"challenge": r.URL.Query().Get("login_challenge"), "client": map[string]any{"client_id": "portal", "client_name": "Portal"},
			"request_url": h.server.URL + "/oauth2/auth?client_id=portal", "requested_scope": []string{"openid"},
			"requested_access_token_audience": []string{}, "skip": false, "subject": "", "oidc_context": map[string]any{}, "session_id": "hydra-session",
		})
	})
	mux.HandleFunc("PUT /admin/oauth2/auth/requests/login/accept", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Subject string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		challenge := r.URL.Query().Get("login_challenge")
		h.mu.Lock()
		defer h.mu.Unlock()
		h.accepted = append(h.accepted, challenge+" "+body.Subject)
		answerJSON(w, map[string]any{"redirect_to": h.server.URL + "/oauth2/auth?login_verifier=" + challenge})
	})
	mux.HandleFunc("GET /oauth2/auth", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<!doctype html><title>Hydra</title><p id=verifier>%s", r.URL.Query().Get("login_verifier"))
	})
	return h
}

func (h *hydra) has() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.accepted)
}

// An application behind Hydra gets no sign-in without the code, either.
func TestASignInForAnOAuth2ClientIsAskedForACode(t *testing.T) {
	h := newHydra(t)
	t.Setenv("OAUTH2_PROVIDER_URL", h.server.URL)
	startKratos(t)
	n := forBrowsers(t)
	first := newBrowser(t)
	for challenge, script := range map[string]bool{"with-script": true, "without-script": false} {
		t.Run(challenge, func(t *testing.T) {
			n.t = t
			w := first.private()
			w.t = t
			call(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !script})
			before, mails := h.has(), len(n.mailbox.Messages())
			who := account(t, nil)
			w.open("/self-service/login/browser?login_challenge=" + challenge)
			step := map[bool]string{true: "password-step", false: "plain-password"}[script]
			w.shown(step)
			w.keys(who + "\t" + password + "\r")
			w.shown("code-step")
			right := n.code(mails + 1)
			w.says("認証コードを送信しました")
			w.keys(wrong(right))
			if !script {
				w.keys("\r")
			}
			w.says("認証コードが間違っています")
			if got := h.has(); !slices.Equal(got, before) {
				t.Fatalf("Hydra was told before the right code: %q", got)
			}
			if script {
				w.focusCode()
			} else {
				w.run(`document.getElementById("code").focus()`)
			}
			w.keys(right + "\r")
			w.until(`document.getElementById("verifier")?.innerText === "` + challenge + `"`)
			if got, want := h.has(), append(before, challenge+" "+identityOf(t, who).ID); !slices.Equal(got, want) {
				t.Errorf("Hydra was told %q, want %q", got, want)
			}
		})
	}
}

// An application behind Hydra does not ask Nidan what a session may do. So a sign-in for it must not be allowed before the factor was shown,
// and not in order to enrol a factor.
func TestAnOAuth2ClientGetsNobodyWhoseSecondStepIsStillToCome(t *testing.T) {
	h := newHydra(t)
	t.Setenv("OAUTH2_PROVIDER_URL", h.server.URL)
	startKratos(t)
	w := newBrowser(t)
	signIn := func(who string) {
		w.open("/self-service/login/browser?login_challenge=portal")
		w.shown("password-step")
		w.keys(who + "\t" + password + "\r")
	}
	t.Run("an account with an app is mailed a code in place of the app", func(t *testing.T) {
		n := forBrowsers(t, layered(t, `{"second_step_by": ["aal2", "email"]}`))
		who := account(t, nil)
		s := newSignIn(t, who)
		s.expect("code_sent", 1990001, nil)
		authenticatorApp(t, s.expectIn(code(n.newestCode())))
		w.t = t
		signIn(who)
		w.says("認証コードを送信しました")
	})
	t.Run("an account that may only enrol a factor is refused", func(t *testing.T) {
		n := forBrowsers(t, layered(t, `{"second_step_by": ["aal2"], "enrol_by_email": true}`))
		who := account(t, nil)
		w.t = t
		signIn(who)
		w.says("認証アプリまたはセキュリティキー")
		if mails := len(n.mailbox.Messages()); mails > 0 {
			t.Errorf("%d codes were mailed", mails)
		}
		newSignIn(t, who).expect("code_sent", 1990001, nil) // without an OAuth2 client, the person can enrol
	})
	if told := h.has(); len(told) > 0 {
		t.Errorf("Hydra was told %q", told)
	}
}
