package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"nidan/kratos"
)

// signInTo opens a page of the console without a session, signs in with a code, and waits for that page.
func (w *window) signInTo(n *nidan, path, account string) {
	w.t.Helper()
	w.open(path)
	w.shown("password-step")
	w.keys(account + "\t" + password + "\r")
	w.asked()
	w.keys(n.newestCode() + "\r")
	w.at(path)
}

// signInRemembered signs in like signInTo, and makes Nidan remember the browser.
func (w *window) signInRemembered(n *nidan, path, account string) {
	w.t.Helper()
	w.open(path)
	w.shown("password-step")
	w.keys(account + "\t" + password + "\r")
	w.asked()
	w.click("#remember")
	w.focusCode()
	w.keys(n.newestCode() + "\r")
	w.at(path)
}

// at waits until the browser is at this path.
func (w *window) at(path string) {
	w.t.Helper()
	w.until(fmt.Sprintf(`location.pathname + location.search === %q && document.readyState === "complete"`, path))
}

// reads waits until an element on the page contains a text.
func (w *window) reads(selector, text string) {
	w.t.Helper()
	w.until(fmt.Sprintf(`document.querySelector(%q)?.innerText.includes(%q)`, selector, text))
}

// ok answers the question 「保存しますか?」 with the keyboard.
func (w *window) ok() {
	w.t.Helper()
	w.reads("h1", "保存しますか?")
	w.until(`document.activeElement.matches("[role=alertdialog] .primary")`)
	w.keys("\r")
}

// choose chooses a radio button of the settings.
func (w *window) choose(name, value string) {
	w.t.Helper()
	w.click(fmt.Sprintf(`[name=%s][value=%s]`, name, value))
}

func TestTheSettings(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	w.signInTo(n, "/console/settings", account(t, administrator))

	t.Run("are shown", func(t *testing.T) {
		for id, want := range map[string]string{
			"two_factor": "設定する", "admin_console": "設定する", "softphone": "設定する", "remember": "設定する", "remember_days": "30",
		} {
			w.reads("#"+id, want)
		}
	})
	t.Run("are left alone by Cancel, in the form and after it", func(t *testing.T) {
		w.click("#edit")
		w.choose("softphone", "off")
		w.click("#settings-form a")
		w.at("/console/settings")
		w.click("#edit")
		w.choose("softphone", "off")
		w.click("#settings-form button")
		w.reads("#changes", "ソフトフォン: 設定する → 設定しない")
		w.click("form a.button")
		w.at("/console/settings")
		w.reads("#softphone", "設定する")
	})
	t.Run("are saved by keyboard alone", func(t *testing.T) {
		w.open("/console/settings/edit")
		w.run(`document.querySelector("[name=two_factor]:checked").focus()`)
		w.keys("\t\t" + kb.ArrowDown)   // to the softphone's choice: off
		w.keys("\t\t" + kb.Home + "\b") // past remembering, to the days
		w.run(`remember_days.select()`) // like Ctrl+A
		w.keys("7\r")                   // Enter saves
		w.ok()
		w.at("/console/settings?done=saved")
		w.reads("[role=status]", "保存しました。")
		w.reads("#softphone", "設定しない")
		w.reads("#remember_days", "7")
	})
	t.Run("show the days only while remembering is on", func(t *testing.T) {
		w.open("/console/settings/edit")
		w.choose("remember", "off")
		w.until(`!remember_days.checkVisibility()`)
		w.choose("remember", "on")
		w.until(`remember_days.checkVisibility()`)
	})
	t.Run("take days from 1 to 365", func(t *testing.T) {
		for _, days := range []string{"0", "366", "-1", "1.5", "", "七"} {
			w.open("/console/settings/edit")
			w.choose("two_factor", "off")
			w.run(fmt.Sprintf(`remember_days.value = %q`, days))
			w.click("#settings-form button")
			w.reads("#remember_days-error", "1から365までの数字を入力してください。")
			if !eval[bool](w, `document.querySelector("[name=two_factor][value=off]").checked`) {
				t.Errorf("%q: what was chosen is lost", days)
			}
		}
	})
	t.Run("say that nothing was changed", func(t *testing.T) {
		w.open("/console/settings/edit")
		w.click("#settings-form button")
		w.reads("[role=status]", "変更はありません。")
	})
}

func TestTwoAdministratorsAtOnce(t *testing.T) {
	n := forBrowsers(t)
	first := newBrowser(t)
	second := first.private()
	early, late := account(t, administrator), account(t, administrator)
	first.signInTo(n, "/console/settings/edit", early)
	second.signInTo(n, "/console/settings/edit", late)

	first.choose("softphone", "off")
	first.click("#settings-form button")
	first.ok()
	first.at("/console/settings?done=saved")

	second.run(`remember_days.value = "9"`)
	second.click("#settings-form button")
	second.reads("[role=alert]", early)
	second.reads(".meanwhile", "現在の設定: 設定しない")
	if got := eval[string](second, `remember_days.value`); got != "9" {
		t.Errorf("what was typed became %q", got)
	}
	second.choose("softphone", "off")
	second.click("#settings-form button")
	second.reads("#changes", "2段階認証の再認証期間(日): 30 → 9")
	if got := eval[string](second, `document.getElementById("changes").innerText`); strings.Contains(got, "ソフトフォン") {
		t.Errorf("it would change more than was typed: %s", got)
	}
	second.keys("\r")
	second.at("/console/settings?done=saved")
	second.reads("#softphone", "設定しない")
	second.reads("#remember_days", "9")
}

func TestWhoMaySeeTheConsole(t *testing.T) {
	n := forBrowsers(t)
	for role, may := range map[string]bool{"owner": true, "system_administrator": true, "supervisor": false, "user": false} {
		t.Run(role, func(t *testing.T) {
			w := newBrowser(t)
			who := account(t, func(a *kratos.Account) { a.Role = role })
			if may {
				w.signInTo(n, "/console/settings", who)
				w.open("/console")
				w.reads("h1", "概要")
				w.at("/console")
				return
			}
			w.signInTo(n, "/console/me", who)
			w.reads("#account", who)
			w.open("/console")
			w.at("/console/me")
			if got := eval[int](w, `document.querySelectorAll("header nav a").length`); got != 1 {
				t.Errorf("the menu has %d entries", got)
			}
			for _, page := range []string{"/console/settings", "/console/settings/edit", "/console/accounts", "/console/records", "/console/records/export"} {
				w.open(page)
				w.reads("h1", "この操作を行う権限がありません")
				if status := eval[int](w, `performance.getEntriesByType("navigation")[0].responseStatus`); status != http.StatusForbidden {
					t.Errorf("%s: %d", page, status)
				}
			}
		})
	}
}

// The switch was off when this session began, so anybody who knows the password may have opened it.
func TestASessionFromBeforeTheSwitchSignsInAgain(t *testing.T) {
	n := forBrowsers(t)
	n.set("two_factor", "softphone")
	w := newBrowser(t)
	who := account(t, administrator)
	w.open("/console/records")
	w.shown("password-step")
	w.keys(who + "\t" + password + "\r")
	w.at("/console/records") // the console asks nobody for a code

	n.set("two_factor", "admin_console", "softphone")
	w.open("/console/accounts")
	w.shown("password-step")
	w.keys(who + "\t" + password + "\r")
	w.asked()
	w.keys(n.newestCode() + "\r")
	w.at("/console/accounts")
}

func TestSigningOutOfTheConsole(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	w.signInTo(n, "/console/settings", account(t, administrator))
	w.click("header form button")
	w.shown("password-step")
	w.open("/console/settings")
	w.shown("password-step")
}

// A switch that is set in the console also affects a code that was sent before.
func TestASwitchCountsForTheNextCodeEntered(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	w.signInTo(n, "/console/settings/edit", account(t, administrator))
	s := newSignIn(t, account(t, nil))
	s.expect("code_sent", 1990001, nil)
	right := n.newestCode()
	w.choose("softphone", "off")
	w.click("#settings-form button")
	w.ok()
	w.at("/console/settings?done=saved")
	s.expect("sign_in_again", 4990004, code(right))
	newSignIn(t, s.identifier).expectIn(nil)
}

// For a browser, another port of the same host is the same site, so the browser sends the cookies along.
func TestAFormOnAnotherSiteChangesNothing(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	w.signInTo(n, "/console/settings", account(t, administrator))
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<form method="post" action="%s/console/settings"><input name="version" value="1">
			<input name="two_factor" value="off"><input name="admin_console" value="off"><input name="softphone" value="off">
			<input name="remember" value="off"><input name="remember_days" value="1"><input name="confirmed" value="yes">
			<button id="go">win</button></form>`, origin)
	}))
	defer trap.Close()
	for _, host := range []string{"127.0.0.1", "localhost"} {
		w.t = t
		w.goTo(strings.Replace(trap.URL, "127.0.0.1", host, 1))
		w.click("#go")
		w.until(`location.origin === "` + origin + `"`)
		if got := eval[string](w, `document.body.innerText`); host == "127.0.0.1" && !strings.Contains(got, "別のサイトから送信されました") {
			t.Errorf("from %s: %s", host, got)
		}
	}
	w.open("/console/settings")
	w.reads("#two_factor", "設定する")
	w.reads("#remember_days", "30")

	session := w.cookies()["ory_kratos_session"]
	for name, header := range map[string]http.Header{
		"its Sec-Fetch-Site": {"Sec-Fetch-Site": {"cross-site"}}, "its Origin": {"Origin": {"https://example.com"}},
	} {
		header.Set("Cookie", session.Name+"="+session.Value)
		for _, path := range []string{"/console/settings", "/console/me/devices", "/console/api/v1/accounts/two-step"} {
			if got := n.send(http.MethodPost, path, header, "").StatusCode; got != http.StatusForbidden {
				t.Errorf("%s, told by %s: %d", path, name, got)
			}
		}
	}
}

func TestTheConsoleIsAccessible(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	w.signInRemembered(n, "/console/me", account(t, administrator))
	account(t, func(a *kratos.Account) { a.Email = "" })
	for _, locale := range []string{"ja", "en"} {
		w.open("/language/" + locale + "?to=/console/settings")
		w.at("/console/settings")
		for _, page := range []string{
			"/console/settings", "/console/settings/edit", "/console/accounts", "/console/accounts?edit=1&id=1", "/console/me",
			"/console/me?edit=1", "/console/records", "/console/policies", "/console/accounts/nobody", "/console/records?account=nobody",
		} {
			t.Run(locale+page, func(t *testing.T) {
				w.t = t
				w.open(page)
				w.until(`document.querySelector("h1")`)
				accessible(t, w)
				if got := eval[string](w, `document.documentElement.lang`); got != locale {
					t.Errorf("the page is in %q", got)
				}
				w.do(chromedp.EmulateViewport(320, 640))
				if got := eval[int](w, `document.documentElement.scrollWidth`); got > 320 {
					t.Errorf("it has to be scrolled sideways: %d pixels of 320 (WCAG 2.2, 1.4.10)", got)
				}
				w.do(chromedp.EmulateViewport(1000, 900))
			})
		}
		w.t = t
		w.open("/console/settings/edit")
		w.choose("softphone", "off")
		w.click("#settings-form button")
		w.until(`document.getElementById("question")`)
		accessible(t, w)
	}
}

func TestWithoutKratosThePageSaysSo(t *testing.T) {
	n := forBrowsers(t, "NIDAN_KRATOS_ADMIN_URL=http://127.0.0.1:1")
	w := newBrowser(t)
	w.signInTo(n, "/console/settings", account(t, administrator))
	w.open("/console/accounts")
	w.reads("h1", "現在表示または変更できません")
}
