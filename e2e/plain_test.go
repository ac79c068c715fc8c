package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"nidan/kratos"
)

// plainBrowser opens a browser that runs no scripts.
func plainBrowser(t *testing.T) *window {
	t.Helper()
	w := newBrowser(t)
	w.withoutJavaScript()
	return w
}

// plainSignIn opens the sign-in page and types account and password.
func (w *window) plainSignIn(account string) {
	w.t.Helper()
	w.open("/login")
	w.shown("plain-password")
	w.until(`document.activeElement.id === "plain-identifier"`)
	w.keys(account + "\t" + password + "\r")
}

// plainAsked waits for the field of the code. No page may contain the password, at any time.
func (w *window) plainAsked() {
	w.t.Helper()
	w.shown("code-step")
	if eval[bool](w, fmt.Sprintf(`document.documentElement.outerHTML.includes(%q)`, password)) {
		w.t.Error("the page holds the password")
	}
}

// enters waits until the field of the code has the focus, and enters a code.
func (w *window) enters(code string) {
	w.t.Helper()
	w.until(`document.activeElement.id === "code"`)
	w.keys(code + "\r")
}

// plainAccessible checks a page in both languages, also on a narrow phone. The page was made without scripts. Only the check itself is a
// script.
func (w *window) plainAccessible() {
	w.t.Helper()
	for _, locale := range []string{"en", "ja"} {
		w.click(`.languages a[lang="` + locale + `"]`)
		w.until(`document.documentElement.lang === "` + locale + `" && document.readyState === "complete"`)
		call(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
		accessible(w.t, w)
		w.fits()
		w.withoutJavaScript()
	}
}

func TestPasswordThenCodeWithoutJavaScript(t *testing.T) {
	n := forBrowsers(t)
	w := plainBrowser(t)
	who := account(t, nil)
	w.open("/login")
	w.shown("plain-password")
	w.plainAccessible()
	if eval[bool](w, `document.getElementById("password-step").checkVisibility() || document.querySelector("[data-locale]").checkVisibility()`) {
		t.Error("something is shown that needs a script")
	}
	w.plainSignIn(who)
	w.plainAsked()
	w.says("t***@example.com 宛に認証コードを送信しました。")
	w.plainAccessible()
	if field := eval[string](w, `(e => [e.type, e.autocomplete, e.inputMode].join(" "))(document.getElementById("code"))`); field != "text one-time-code numeric" {
		t.Errorf("the field is %s", field)
	}
	c := w.cookies()["nidan_typed"]
	if c != nil {
		t.Errorf("the cookie goes to other pages than /login: %+v", c)
	}
	right := n.code(1)
	w.click("#remember")
	w.run(`document.getElementById("code").focus()`)
	w.enters(wrong(right))
	w.says("認証コードが間違っています")
	w.plainAsked()
	if !eval[bool](w, `document.getElementById("remember").checked`) {
		t.Error("a wrong code clears the tick")
	}
	w.plainAccessible()
	w.enters(right)
	w.in(who)
	n.expectWorth(w.session(), "admin_console passed", "agent", "console")

	t.Run("and not again in a browser that is remembered", func(t *testing.T) {
		w.t, n.t = t, t
		w.signOut()
		w.plainSignIn(who)
		w.in(who)
		n.expectWorth(w.session(), "admin_console remembered", "agent", "console")
	})
	t.Run("and again with a script, which finds the browser remembered too", func(t *testing.T) {
		w.t = t
		w.signOut()
		call(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
		w.signIn(who)
		w.in(who)
	})
}

func TestPasswordAloneWithoutJavaScript(t *testing.T) {
	forBrowsers(t)
	w := plainBrowser(t)
	who := account(t, func(a *kratos.Account) { a.TwoFactor = false })
	w.plainSignIn(who)
	w.in(who)
	if c := w.cookies()["nidan_device"]; c == nil || !c.HTTPOnly {
		t.Errorf("the browser cannot be known again: %+v", c)
	}
}

func TestOtherWaysOnFromTheCodeWithoutJavaScript(t *testing.T) {
	n := forBrowsers(t)
	w := plainBrowser(t)
	who := account(t, nil)
	w.open("/console/me") // the sign-in must lead back to this page
	w.shown("plain-password")
	w.keys(who + "\t" + password + "\r")
	w.plainAsked()
	n.code(1)

	w.click("#resend")
	w.says("認証コードを続けて送信することはできません。")
	w.plainAccessible()
	n.code(1)
	n.later(time.Minute)
	w.click("#resend")
	w.says("新しい認証コードを送信しました")
	n.code(2)

	n.sql(`UPDATE challenges SET expires_at = 0`)
	w.enters("000000")
	w.says("有効期限を超過しています")
	if eval[bool](w, `document.getElementById("code") !== null`) {
		t.Error("a code can be entered that is dead")
	}
	w.plainAccessible()
	n.sql(`UPDATE challenges SET resend_at = 0`)
	w.click("#resend")
	w.says("新しい認証コードを送信しました")
	right := n.code(3)

	w.click("#cancel")
	w.says("2段階認証を中止しました")
	w.shown("start-again")
	w.plainAccessible()
	w.click("#start-again a")
	w.shown("plain-password")
	n.later(time.Minute)
	w.until(`document.activeElement.id === "plain-identifier"`)
	w.keys(who + "\t" + password + "\r")
	w.plainAsked()
	w.enters(right) // the code of the sign-in that was given up
	w.says("認証コードが間違っています")
	w.enters(n.code(4))
	w.until(`location.pathname === "/console/me"`)
}

func TestWhatKratosRefusesWithoutJavaScript(t *testing.T) {
	n := forBrowsers(t)
	w := plainBrowser(t)
	who := account(t, nil)
	w.open("/login")
	w.until(`document.activeElement?.id === "plain-identifier"`)
	w.keys(who + "\twrong\r")
	w.says("アカウントまたはパスワードが間違っています。")
	w.plainAccessible()
	w.until(`document.activeElement.id === "plain-secret"`) // the account is already filled in
	w.keys(password + "\r")
	w.plainAsked()

	t.Run("a reload sends nothing", func(t *testing.T) {
		w.t, n.t = t, t
		right := n.code(1)
		w.open(eval[string](w, `location.pathname + location.search`))
		w.plainAsked()
		n.code(1)
		w.enters(right)
		w.in(who)
	})
	t.Run("in another browser, the page and what was typed are no use", func(t *testing.T) {
		w.t = t
		w.signOut()
		w.plainSignIn(who)
		w.plainAsked()
		page := eval[string](w, `location.pathname + location.search`)
		p := w.private()
		p.t = t
		p.withoutJavaScript()
		p.open(page)
		p.shown("plain-password")
		if there := eval[string](p, `location.pathname + location.search`); there == page {
			t.Errorf("the flow of another browser is shown")
		}
	})
}

func TestAFlowThatHasExpiredWithoutJavaScript(t *testing.T) {
	t.Setenv("SELFSERVICE_FLOWS_LOGIN_LIFESPAN", "2s")
	startKratos(t)
	n := forBrowsers(t)
	n.set()
	w := plainBrowser(t)
	who := account(t, nil)
	w.open("/login")
	w.until(`document.activeElement?.id === "plain-identifier"`)
	time.Sleep(2500 * time.Millisecond) // until the flow has expired; a longer wait does no harm
	w.keys(who + "\t" + password + "\r")
	w.says("この画面を開いてから時間が経過しました。")
	w.shown("plain-password")
	call(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
	accessible(t, w)
}

// The way to a provider and back leads to another site. The page's rules for forms (Content-Security-Policy) would not allow a redirect there.
func TestASignInWithAProviderWithoutJavaScript(t *testing.T) {
	p := offering(t)
	n := forBrowsers(t)
	w := plainBrowser(t)
	who := p.linked(t)
	w.open("/login")
	w.shown("plain-password")
	for _, says := range []string{"パスキーを利用するには", "セキュリティキーを利用するには"} {
		w.until(fmt.Sprintf(`document.querySelector("main").innerText.includes(%q)`, says))
	}
	if eval[bool](w, `[...document.querySelectorAll("[data-method=passkey], [data-method=webauthn]")].some(e => e.checkVisibility())`) {
		t.Error("a button is shown that does nothing")
	}
	w.plainAccessible()
	w.click(`.plain[data-method="oidc"] button`)
	w.plainAsked()
	right := n.code(1)
	w.enters(wrong(right))
	w.says("認証コードが間違っています")
	w.enters(right)
	w.in(who)
	if got := p.visited(); got != 3 {
		t.Errorf("the provider was visited %d times, want 3", got)
	}
	w.signOut()
	w.open("/login")
	w.shown("plain-password")
	w.click(`.plain[data-method="oidc"] button`)
	w.plainAsked()
	w.click("#cancel")
	w.shown("plain-password")
}

// When a code is sent again, the field of the code is empty. The empty field must not keep the button from working.
func TestKratosOwnCodeIsSentAgain(t *testing.T) {
	offering(t)
	n := forBrowsers(t)
	n.set()
	w := newBrowser(t)
	who := account(t, toItsAddress)
	w.open("/login")
	w.shown("password-step")
	w.keys(who)
	w.click(`[data-method="code"] button`)
	w.until(`document.querySelector("[data-method=code] input[name=code]")?.checkVisibility()`)
	before := eval[string](w, `String(performance.timeOrigin)`)
	w.click(`[data-method="code"] button[name="resend"]`)
	w.until(fmt.Sprintf(`String(performance.timeOrigin) !== %q && document.querySelector("[data-method=code] input[name=code]")?.checkVisibility()`, before))
	w.run(fmt.Sprintf(`document.querySelector("[data-method=code] input[name=code]").value = %q`, kratosCode(t, who)))
	w.click(`[data-method="code"] button[name="method"]`)
	w.in(who)
}

// Kratos' own mailed codes are a method with two submissions.
func TestAMethodOfKratosWithoutJavaScript(t *testing.T) {
	offering(t)
	n := forBrowsers(t)
	n.set()
	w := plainBrowser(t)
	who := account(t, toItsAddress)
	w.open("/login")
	w.shown("plain-password")
	w.run(`document.querySelector(".plain[data-method=code] [name=identifier]").focus()`)
	w.keys(who + "\r")
	w.until(`document.querySelector(".plain[data-method=code] input[name=code]")`)
	w.plainAccessible()
	before := eval[string](w, `document.querySelector("[name=csrf_token]").value + performance.timeOrigin`)
	w.click(`.plain[data-method=code] button[name=resend]`)
	w.until(fmt.Sprintf(`document.querySelector("[name=csrf_token]")?.value + performance.timeOrigin !== %q`, before))
	w.until(`document.querySelector(".plain[data-method=code] input[name=code]") && document.readyState === "complete"`)
	w.run(`document.querySelector(".plain[data-method=code] input[name=code]").focus()`)
	w.keys(kratosCode(t, who))
	w.click(`.plain[data-method=code] button[name=method]`)
	w.in(who)
}

func TestAnAuthenticatorAppWithoutJavaScript(t *testing.T) {
	n := forBrowsers(t)
	n.set()
	w := plainBrowser(t)
	who := account(t, nil)
	w.plainSignIn(who)
	w.in(who)
	w.open("/second-factor")
	w.until(`document.querySelector("#totp .scan")?.naturalWidth > 0 && document.readyState === "complete"`)
	w.plainAccessible()
	secret := eval[string](w, `document.querySelector("#totp_secret_key code").innerText`)
	w.run(`document.querySelector("[name=totp_code]").focus()`)
	w.keys(totp(t, secret) + "\r")
	w.until(`document.querySelector("#totp .state")?.innerText.includes("設定済み")`)
	w.click(`[name=lookup_secret_regenerate]`)
	w.until(`document.querySelectorAll("#lookup_secret_codes code").length === 12`)
	recovery := eval[string](w, `document.querySelector("#lookup_secret_codes code").innerText`)
	w.click(`[name=lookup_secret_confirm]`)
	w.until(`document.querySelector("#lookup_secret .state")?.innerText.includes("設定済み")`)

	again := func(field string) {
		w.signOut()
		w.plainSignIn(who)
		w.says("パスワードは確認できました")
		w.run(fmt.Sprintf(`document.querySelector(".plain [name=%s]").focus()`, field))
	}
	again("totp_code")
	w.plainAccessible()
	w.run(`document.querySelector(".plain [name=totp_code]").focus()`)
	w.keys("000000\r")
	w.until(`document.querySelector("main").innerText.includes("数字が間違っています")`)
	w.run(`document.querySelector(".plain [name=totp_code]").focus()`)
	w.keys(totp(t, secret) + "\r")
	w.in(who)
	again("lookup_secret")
	w.keys(recovery + "\r")
	w.in(who)
	if complaints := w.problem.String(); strings.Contains(complaints, "Content Security Policy") {
		t.Errorf("the browser complains: %s", complaints)
	}
}

// If a sign-in cannot be recorded, nobody is let in, and the code that was sent is still good afterwards.
func TestWhenNidanCannotRecordWithoutJavaScript(t *testing.T) {
	n := forBrowsers(t)
	w := plainBrowser(t)
	who := account(t, nil)
	w.plainSignIn(who)
	w.plainAsked()
	right := n.code(1)
	n.sql(`ALTER TABLE records RENAME TO records_away`)
	w.enters(right)
	w.says("現在ログインを受け付けられません。")
	w.plainAccessible()
	n.sql(`ALTER TABLE records_away RENAME TO records`)
	w.click("#try-again button")
	w.plainAsked()
	n.code(1)
	w.enters(right)
	w.in(who)
}

func TestTheHolderIsToldOfWrongCodesWithoutJavaScript(t *testing.T) {
	n := forBrowsers(t)
	who := account(t, nil)
	thief := newSignIn(t, who)
	thief.expect("code_sent", 1990001, nil)
	for range 3 {
		thief.expect("code_mismatch", 4990001, code("x"))
	}
	w := plainBrowser(t)
	w.open("/console/me")
	w.shown("plain-password")
	w.until(`document.activeElement.id === "plain-identifier"`)
	w.keys(who + "\t" + password + "\r")
	w.plainAsked()
	w.enters(n.codeOf(who))
	w.until(`document.getElementById("wrong-codes")?.innerText.includes("3回")`)
	call(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
	accessible(t, w)
	w.withoutJavaScript()
	w.click("#go-on")
	w.until(`location.pathname === "/console/me"`)
}
