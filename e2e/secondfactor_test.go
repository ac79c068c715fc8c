package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// fits checks that the page need not be scrolled sideways on a narrow phone.
func (w *window) fits() {
	w.t.Helper()
	w.do(chromedp.EmulateViewport(320, 640))
	if got := eval[int](w, `document.documentElement.scrollWidth`); got > 320 {
		w.t.Errorf("%s is %d wide", eval[string](w, `location.pathname`), got)
	}
	w.do(chromedp.EmulateViewport(1000, 900))
}

func TestAnAuthenticatorAppIsEnrolledAndAskedFor(t *testing.T) {
	n := forBrowsers(t)
	n.set()
	w := newBrowser(t)
	who := account(t, nil)
	w.signIn(who)
	w.in(who)
	w.click(`a[href="/second-factor"]`)
	w.until(`document.querySelector("#totp .scan")?.naturalWidth > 0`)
	accessible(t, w)
	w.fits()
	const message = `[...document.querySelectorAll(".message")].map(m => m.innerText).join(" ")`

	t.Run("wrong digits are said to be wrong, in either language", func(t *testing.T) {
		w.t = t
		w.run(`document.querySelector("[name=totp_code]").focus()`)
		w.keys("000000\r")
		w.until(message + `.includes("数字が間違っています")`)
		w.click(`a[lang="en"]`)
		w.until(message + `.includes("The digits are wrong")`)
		accessible(t, w)
		w.click(`a[lang="ja"]`)
		w.until(`document.documentElement.lang === "ja"`)
	})
	w.t = t
	w.until(`document.readyState === "complete" && document.querySelector("#totp_secret_key code")`)
	secret := eval[string](w, `document.querySelector("#totp_secret_key code").innerText`)
	w.run(`document.querySelector("[name=totp_code]").focus()`)
	w.keys(totp(t, secret) + "\r")
	w.until(message + `.includes("変更を保存しました")`)
	w.until(`document.querySelector("#totp .state").innerText.includes("設定済み")`)

	w.click(`[name=lookup_secret_regenerate]`)
	w.until(`document.querySelectorAll("#lookup_secret_codes code").length === 12`)
	accessible(t, w)
	w.fits()
	recovery := eval[string](w, `document.querySelector("#lookup_secret_codes code").innerText`)
	w.click(`[name=lookup_secret_confirm]`)
	w.until(`document.querySelector("#lookup_secret .state").innerText.includes("設定済み")`)
	w.click(`[name=lookup_secret_reveal]`)
	w.until(`document.querySelectorAll("#lookup_secret_codes code").length === 12`)

	again := func(t *testing.T) {
		t.Helper()
		w.t = t
		w.signOut()
		w.signIn(who)
		w.says("パスワードは確認できました")
		w.until(`document.querySelector("[name=totp_code]") === document.activeElement`)
	}
	t.Run("after the password, the digits are asked for, and wrong ones let nobody in", func(t *testing.T) {
		again(t)
		accessible(t, w)
		w.fits()
		w.keys("000000\r")
		w.says("数字が間違っています")
		w.click(`[data-locale="en"]`)
		w.says("The digits are wrong")
		w.until(`document.querySelector("h1").innerText === "Two-step verification" && document.title.startsWith("Two-step")`)
		w.click(`[data-locale="ja"]`)
		w.until(`document.documentElement.lang === "ja"`)
		w.until(`document.querySelector("[name=totp_code]") === document.activeElement || (document.querySelector("[name=totp_code]").focus(), true)`)
		w.keys(totp(t, secret) + "\r")
		w.in(who)
	})
	t.Run("a recovery code does in its place, once", func(t *testing.T) {
		again(t)
		for _, tc := range []struct{ code, says string }{{"not-one", "リカバリーコードが間違っています"}, {recovery, ""}} {
			w.run(`document.querySelector("[name=lookup_secret]").focus()`)
			w.keys(tc.code + "\r")
			if tc.says != "" {
				w.says(tc.says)
			}
		}
		w.in(who)
		again(t)
		w.run(`document.querySelector("[name=lookup_secret]").focus()`)
		w.keys(recovery + "\r")
		w.says("使用済み")
	})
	t.Run("whoever leaves it there comes back to it, wherever they go, or gives up", func(t *testing.T) {
		again(t)
		for _, path := range []string{"/", "/login", "/console/me", "/second-factor"} {
			w.open(path)
			w.until(`location.pathname === "/login" && document.querySelector("[name=totp_code]")`)
		}
		w.click("#give-up")
		w.shown("password-step")
	})
	t.Run("and goes on to where the sign-in was to lead", func(t *testing.T) {
		w.t = t
		w.open("/console/me")
		w.shown("password-step")
		w.keys(who + "\t" + password + "\r")
		w.says("パスワードは確認できました")
		w.until(`document.querySelector("[name=totp_code]") === document.activeElement`)
		w.keys(totp(t, secret) + "\r")
		w.until(`location.pathname === "/console/me"`)
		w.reads("#factors", "認証アプリ · リカバリーコード")
	})
	t.Run("and is removed again", func(t *testing.T) {
		w.t = t
		w.click("#enrol")
		w.click(`[name=totp_unlink]`)
		w.until(`document.querySelector("#totp .scan")`)
		if factorsOf(t, who)["totp"] != nil {
			t.Error("the authenticator app is still there")
		}
	})
	if complaints := w.problem.String(); strings.Contains(complaints, "Content Security Policy") {
		t.Errorf("the browser complains: %s", complaints)
	}
}

// A person who has not entered a code is told so, and is led to the page that asks for a code.
func TestThePageOfSecondFactorsLeadsToACode(t *testing.T) {
	n := forBrowsers(t)
	n.set()
	w := newBrowser(t)
	who := account(t, nil)
	w.open("/second-factor")
	w.shown("password-step") // nobody is signed in yet
	w.keys(who + "\t" + password + "\r")
	w.until(`location.pathname === "/second-factor" && document.querySelector("#totp .scan")`)
	n.set(everySwitch...)
	w.open("/second-factor")
	w.until(`document.querySelector(".message.error")?.innerText.includes("認証コード")`)
	accessible(t, w)
	w.fits()
	w.click("#sign-in-again")
	w.shown("password-step")
	w.until(`document.activeElement.id === "password"  || (document.getElementById("identifier").focus(), true)`)
	w.run(fmt.Sprintf(`document.getElementById("identifier").value = %q; document.getElementById("password").focus()`, who))
	w.keys(password + "\r")
	w.asked()
	w.keys(n.newestCode())
	w.until(`location.pathname === "/second-factor" && document.querySelector("#totp .scan")`)
}

// For Kratos, an old sign-in is not good enough for a change: Kratos asks for the password, and comes back.
func TestAChangeInAnOldSessionAsksForThePasswordAgain(t *testing.T) {
	t.Setenv("SELFSERVICE_FLOWS_SETTINGS_PRIVILEGED_SESSION_MAX_AGE", "1s")
	startKratos(t)
	n := forBrowsers(t)
	n.set()
	w := newBrowser(t)
	who := account(t, nil)
	w.signIn(who)
	w.in(who)
	w.open("/second-factor")
	w.until(`document.querySelector("#totp .scan")`)
	secret := eval[string](w, `document.querySelector("#totp_secret_key code").innerText`)
	time.Sleep(1500 * time.Millisecond) // until the sign-in is too old; a longer wait does no harm
	w.run(`document.querySelector("[name=totp_code]").value = "` + totp(t, secret) + `"; document.querySelector("#totp button").click()`)
	w.until(`location.pathname === "/login"`)
	w.shown("password-step")
	w.run(fmt.Sprintf(`document.getElementById("identifier").value = %q; document.getElementById("password").focus()`, who))
	w.keys(password + "\r")
	w.until(`location.pathname === "/second-factor" && document.querySelector("#totp .state")?.innerText.includes("設定済み")`)
}
