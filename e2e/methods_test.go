package e2e

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"nidan/kratos"
)

// offering starts a Kratos that offers more methods than the password, with Nidan's hook for each method as in kratos/kratos.yml. It returns
// the OpenID provider that Kratos offers.
func offering(t *testing.T) *provider {
	t.Helper()
	p := newProvider(t)
	offeringAt(t, origin, p)
	return p
}

// offeringAt is offering for an origin of the pages: a passkey needs an origin with a host name.
func offeringAt(t *testing.T, origin string, p *provider, without ...string) *ownKratos {
	t.Helper()
	base, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"METHODS_OIDC_ENABLED": "true", "METHODS_OIDC_CONFIG_PROVIDERS": p.asKratosHasIt(),
		"METHODS_CODE_ENABLED": "true", "METHODS_CODE_PASSWORDLESS_ENABLED": "true",
		// These accounts have no credential for Kratos' own codes. With this, Kratos takes the name that they sign in with as the address.
		"METHODS_CODE_CONFIG_MISSING_CREDENTIAL_FALLBACK_ENABLED": "true",
		"METHODS_PASSKEY_ENABLED":                                 "true", "METHODS_PASSKEY_CONFIG_RP_ID": base.Hostname(),
		"METHODS_PASSKEY_CONFIG_RP_DISPLAY_NAME": "Nidan", "METHODS_PASSKEY_CONFIG_RP_ORIGINS": origin,
		"METHODS_TOTP_ENABLED": "true", "METHODS_LOOKUP_SECRET_ENABLED": "true",
	} {
		t.Setenv("SELFSERVICE_"+name, value)
	}
	for _, method := range without {
		t.Setenv("SELFSERVICE_METHODS_"+method+"_ENABLED", "false")
	}
	t.Setenv("SESSION_WHOAMI_REQUIRED_AAL", "aal1") // with Kratos' default, a person who has a second factor has no session until it is used
	return startKratosOn(t, kratosDatabase(), origin)
}

func TestThePageShowsTheOtherMethodsThatKratosOffers(t *testing.T) {
	offering(t)
	n := forBrowsers(t)
	w := newBrowser(t)
	// Kratos mails its own code to the name of the account.
	who := account(t, func(a *kratos.Account) { a.Account = a.Email })
	open := func() { t.Helper(); w.open("/login"); w.shown("password-step") }
	open()
	// Kratos' order: providers, passkey, code, password.
	const buttons = `[...document.querySelectorAll("main button")].filter(b => b.checkVisibility() && b.type !== "button" || b.dataset.trigger).map(b => b.innerText).join(", ")`
	if got := eval[string](w, buttons); got != "Exampleでログイン, パスキーでログイン, ログイン用コードを送信する, ログイン" {
		t.Errorf("offered are %s", got)
	}
	accessible(t, w)
	w.click(`[data-locale="en"]`)
	w.until(buttons + ` === "Sign in with Example, Sign in with a passkey, Send a sign-in code, Sign in"`)
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
		w.until(`document.getElementById("message")?.innerText`)
		w.run(fmt.Sprintf(`document.querySelector("[data-method=code] input[name=code]").value = %q`, kratosCode(t, who)))
		w.click(`[data-method="code"] button`)
		w.in(who) // and no other code is asked
		w.signOut()
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
