package e2e

import (
	"testing"
)

// The way to a provider and back leads over the sign-in page, as often as a code is asked for, tried, or sent again.
func TestASignInWithAProviderIsAskedForACode(t *testing.T) {
	p := offering(t)
	n := forBrowsers(t)
	w := newBrowser(t)
	who := p.linked(t)
	atTheProvider := func() {
		t.Helper()
		w.open("/login")
		w.shown("password-step")
		w.click(`[data-method="oidc"] button`)
		w.asked()
	}
	atTheProvider()
	right := n.code(1)
	w.says("認証コードを送信しました")
	w.keys(wrong(right))
	w.says("認証コードが間違っています")
	if got := p.visited(); got != 2 {
		t.Errorf("the provider was visited %d times, want 2", got)
	}
	n.later(40_000_000_000)
	w.run("location.reload()")
	w.asked()
	w.click("#resend")
	w.says("認証コードを再送信しました")
	w.click("#remember")
	w.focusCode()
	w.keys(n.code(2))
	w.in(who)
	n.expectWorth(w.session(), "admin_console passed", "agent", "console")

	t.Run("and not again on a device that is remembered", func(t *testing.T) {
		w.t, n.t = t, t
		w.signOut()
		w.open("/login")
		w.shown("password-step")
		w.click(`[data-method="oidc"] button`)
		w.in(who)
		n.expectWorth(w.session(), "admin_console remembered", "agent", "console")
	})
	t.Run("and again in another browser, where the code is given up", func(t *testing.T) {
		n.t = t
		w := w.private()
		w.t = t
		w.prefers("en")
		w.open("/login")
		w.shown("password-step")
		w.click(`[data-method="oidc"] button`)
		w.asked()
		w.says("A verification code has been sent")
		w.click("#cancel")
		w.shown("password-step")
		w.until(`document.getElementById("message").innerText !== ""`)
	})
	t.Run("a code of a sign-in with the password does not do", func(t *testing.T) {
		n.t = t
		w := w.private()
		w.t = t
		w.signIn(who)
		w.asked()
		flow := eval[string](w, `new URL(location.href).searchParams.get("flow")`)
		w.open("/login?flow=" + flow)
		w.shown("password-step")
		w.click(`[data-method="oidc"] button`)
		w.shown("start-again")
	})
}

// session is what proves a browser's.
func (w *window) session() map[string][]string {
	w.t.Helper()
	return map[string][]string{"Cookie": {"ory_kratos_session=" + w.cookies()["ory_kratos_session"].Value}}
}

// To Kratos, the first sign-in with a provider is a registration. It calls no hook of a sign-in, and what it begins is worth the least.
func TestASessionOfARegistrationIsWorthTheLeast(t *testing.T) {
	t.Setenv("SELFSERVICE_FLOWS_REGISTRATION_ENABLED", "true")
	t.Setenv("SELFSERVICE_FLOWS_REGISTRATION_UI_URL", origin+"/login")
	t.Setenv("SELFSERVICE_FLOWS_REGISTRATION_AFTER_OIDC_HOOKS", `[{"hook": "session"}]`)
	p := offering(t)
	n := forBrowsers(t)
	w := newBrowser(t)
	for who, flag := range map[string]bool{"newcomer": false, "newcomer-asked": true} {
		p.signedIn(who)
		w.open("/login")
		w.shown("password-step")
		w.click(`[data-method="oidc"] button`)
		w.in(who)
		if !flag { // nobody has switched the account on yet: it is asked nowhere
			n.expectWorth(w.session(), "unknown unknown", "agent", "console")
			w.signOut()
			continue
		}
		changed(t, who, `[{"op": "add", "path": "/metadata_public", "value": {"role": "user", "two_factor": {"enabled": true}}}]`)
		n.expectWorth(w.session(), "unknown unknown")
		w.signOut()
		w.open("/login")
		w.shown("password-step")
		w.click(`[data-method="oidc"] button`)
		w.asked() // from the second sign-in on, it is one
		w.keys(n.code(1))
		w.in(who)
	}
}
