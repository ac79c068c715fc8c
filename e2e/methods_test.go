package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// provider is an OpenID provider that says where to sign in, and nothing more.
func provider(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer": %[1]q, "authorization_endpoint": "%[1]s/authorize", "token_endpoint": "%[1]s/token", "jwks_uri": "%[1]s/jwks",
			"response_types_supported": ["code"], "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]}`, server.URL)
	})
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<!doctype html><title>Provider</title><p id=client>%s", r.URL.Query().Get("client_id"))
	})
	return server
}

// offering starts a Kratos that offers more than the password. None of these methods asks Nidan: kratos/kratos.yml says why they are
// off there.
func offering(t *testing.T) {
	t.Helper()
	providers, err := json.Marshal([]map[string]any{
		{"id": "example", "provider": "generic", "label": "Example", "client_id": "the-client", "client_secret": "s",
			"issuer_url": provider(t).URL, "mapper_url": "base64://bG9jYWwgY2xhaW1zID0gc3RkLmV4dFZhcignY2xhaW1zJyk7IHt9", "scope": []string{"openid"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"OIDC_ENABLED": "true", "OIDC_CONFIG_PROVIDERS": string(providers), "CODE_ENABLED": "true", "CODE_PASSWORDLESS_ENABLED": "true",
		"PASSKEY_ENABLED": "true", "PASSKEY_CONFIG_RP_ID": "127.0.0.1", "PASSKEY_CONFIG_RP_DISPLAY_NAME": "Nidan",
		"PASSKEY_CONFIG_RP_ORIGINS": origin,
	} {
		t.Setenv("SELFSERVICE_METHODS_"+name, value)
	}
	startKratos(t)
}

func TestThePageShowsTheOtherMethodsThatKratosOffers(t *testing.T) {
	offering(t)
	n := forBrowsers(t)
	w := newBrowser(t)
	who := account(t, nil)
	open := func() { t.Helper(); w.open("/login"); w.shown("password-step") }
	open()
	// Kratos' order: providers, passkey, code, password.
	const buttons = `[...document.querySelectorAll("main button")].filter(b => b.checkVisibility() && b.type !== "button" || b.dataset.trigger).map(b => b.innerText).join(", ")`
	if got := eval[string](w, buttons); got != "Exampleでログイン, パスキーでログイン, ログイン用コードを送信する, ログイン" {
		t.Errorf("offered are %s", got)
	}
	accessible(t, w)
	w.click(`[data-locale="en"]`)
	w.until(buttons + ` === "Sign in with Example, Sign in with a passkey, Have a sign-in code sent, Sign in"`)
	accessible(t, w)

	t.Run("the password, with a code of Nidan's", func(t *testing.T) {
		w.t = t
		w.signIn(who)
		w.asked()
		if eval[bool](w, `[...document.querySelectorAll(".method")].some(m => m.checkVisibility())`) {
			t.Error("the other methods are still offered")
		}
		w.keys(n.code(1))
		w.in(who)
		w.signOut()
	})
	t.Run("a provider", func(t *testing.T) {
		w.t = t
		open()
		w.click(`[data-method="oidc"] button`)
		w.until(`document.getElementById("client")?.innerText === "the-client"`)
	})
	t.Run("a code of Kratos' own", func(t *testing.T) {
		w.t = t
		open()
		w.keys(who)
		w.click(`[data-method="code"] button`)
		// Kratos takes the account and answers: it has no address to send its code to, in the words of its own.
		w.until(`document.getElementById("message")?.innerText`)
		w.until(fmt.Sprintf(`document.getElementById("identifier").value === %q`, who))
	})
	t.Run("a passkey", func(t *testing.T) {
		w.t = t
		open()
		w.until(`typeof window.oryPasskeyLogin === "function"`)
		w.run(`window.oryPasskeyLogin = () => { document.title = "passkey asked" }`)
		w.click(`[data-method="passkey"] button`)
		w.until(`document.title === "passkey asked"`)
	})
	if complaints := w.problem.String(); strings.Contains(complaints, "Content Security Policy") {
		t.Errorf("the browser complains: %s", complaints)
	}
}
