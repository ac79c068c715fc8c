package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// The browser goes over the sign-in page to the provider and back each time that a code is asked for, tried, or sent again.
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
	n.later(time.Minute)
	w.aMinuteLater()
	w.until(`document.getElementById("resend").getAttribute("aria-disabled") === "false"`)
	w.click("#resend")
	w.says("新しい認証コードを送信しました")
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
		w.says("We sent a verification code")
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

// session returns the header that proves the browser's session.
func (w *window) session() map[string][]string {
	w.t.Helper()
	return map[string][]string{"Cookie": {"ory_kratos_session=" + w.cookies()["ory_kratos_session"].Value}}
}

// registers changes the configuration file of a running Kratos, which reads it again. From then on, Kratos makes an account for everybody
// who comes from a provider, and signs them in at once.
func (k *ownKratos) registers(t *testing.T) {
	t.Helper()
	file := filepath.Join(k.dir, "kratos.yml")
	config, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	with := "registration:\n${1}enabled: true\n${1}ui_url: " + origin + "/login\n${1}after: {oidc: {hooks: [{hook: session}]}}\n"
	changed := regexp.MustCompile(`registration:\n( +)enabled: false\n`).ReplaceAll(config, []byte(with))
	if err := os.WriteFile(file, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if status, _, err := ask(t.Context(), http.MethodGet, kratosPublic+"/self-service/registration/api", "", nil); err == nil && status == http.StatusOK {
			return
		}
		if time.Now().After(end) {
			t.Fatal("Kratos does not register anybody")
		}
	}
}

// For Kratos, the first sign-in with a provider is a registration. It calls no hook of the sign-in, and its session is worth the least.
func TestASessionOfARegistrationIsWorthTheLeast(t *testing.T) {
	p := newProvider(t)
	own := offeringAt(t, origin, p)
	n := forBrowsers(t)
	own.registers(t)
	w := newBrowser(t)
	for who, flag := range map[string]bool{"newcomer": false, "newcomer-asked": true} {
		p.signedIn(who)
		w.open("/login")
		w.shown("password-step")
		w.click(`[data-method="oidc"] button`)
		w.in(who)
		if !flag { // nobody has switched the account on yet, so no channel asks it for a code
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
		w.asked() // from the second time on, it is a sign-in
		w.keys(n.code(1))
		w.in(who)
		w.signOut()
	}
}

func TestWhoeverIsRefusedByAMethodReadsWhatToDo(t *testing.T) {
	offering(t)
	forBrowsers(t, "NIDAN_POLICIES_DIR="+changedPolicies(t, `"code": "mailed_code"`, `"code": "refused"`))
	w := newBrowser(t)
	who := account(t, toItsAddress)
	w.open("/login")
	w.shown("password-step")
	w.keys(who)
	w.click(`[data-method="code"] button`)
	w.until(`document.querySelector("[data-method=code] input[name=code]")`)
	w.run(fmt.Sprintf(`document.querySelector("[data-method=code] input[name=code]").value = %q`, kratosCode(t, who)))
	w.click(`[data-method="code"] button[value="code"]`)
	w.says("別の方法でログインしてください")
	w.shown("start-again")
	w.click("#start-again a")
	w.shown("password-step")
}
