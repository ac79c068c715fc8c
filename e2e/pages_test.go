package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"nidan/kratos"
)

func TestPasswordThenCodeOnTheSamePage(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	who := account(t, nil)
	w.signIn(who)
	w.asked()
	if path := eval[string](w, "location.pathname"); path != "/login" {
		t.Errorf("the code is asked on %s", path)
	}
	if eval[bool](w, `document.getElementById("password-step").checkVisibility()`) {
		t.Error("the password is still asked")
	}
	w.says("t***@example.com")
	w.keys(n.code(1))
	w.keys("\r")
	w.in(who)
}

func TestPasswordAloneInABrowser(t *testing.T) {
	forBrowsers(t)
	w := newBrowser(t)
	who := account(t, func(a *kratos.Account) { a.TwoFactor = false })
	w.signIn(who)
	w.in(who)
}

func TestTheBoxesOfTheCode(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	w.signIn(account(t, nil))
	w.asked()
	want := func(boxes, focused string) {
		t.Helper()
		if got, at := w.boxes(), w.focused(); got != boxes || at != focused {
			t.Errorf("the boxes are %s with the focus at %s, want %s at %s", got, at, boxes, focused)
		}
	}
	clear := func() {
		w.run(`for (const box of document.querySelectorAll("#code input")) box.value = ""`)
		w.focusCode()
	}
	clickBox := func(i int) { w.click(fmt.Sprintf("#code input:nth-child(%d)", i)) }

	w.keys(wrong(n.code(1))) // the first whole code submits itself; a later one does not
	w.says("認証コードが間違っています")
	want("......", "1")
	w.keys("12")
	want("12....", "3") // typing moves on
	w.keys("x-")
	want("12....", "3") // only digits are taken
	w.keys(kb.Backspace)
	want("1.....", "2") // Backspace in an empty box deletes the digit before
	w.keys("23456")
	want("123456", "6")
	w.keys(kb.Backspace)
	want("12345.", "6") // Backspace deletes the digit in its box
	w.keys("6")
	clickBox(3)
	w.keys("9")
	want("129456", "4") // after a click, a key replaces only this digit
	clickBox(2)
	w.keys(kb.Delete)
	want("1.9456", "2")
	w.keys("2")
	w.keys(kb.Home)
	want("129456", "1")
	w.keys(kb.ArrowRight)
	w.keys(kb.ArrowRight)
	w.keys("3")
	want("123456", "4")
	w.keys(kb.End)
	w.keys(kb.ArrowLeft)
	want("123456", "5")

	for name, text := range map[string]string{
		"with a space": "123 456", "full-width": "１２３４５６", "in a sentence": "コード: 123456", "plain": "123456",
	} {
		clear()
		w.paste(text)
		if got := w.boxes(); got != "123456" {
			t.Errorf("pasting %s: %s", name, got)
		}
	}
	clear()
	clickBox(4)
	w.paste("123456")
	want("123456", "6") // a whole code fills all the boxes, wherever it is pasted
	clear()
	w.insert("123456")
	want("123456", "6") // like a mail program or a phone
	clear()
	w.insert("１")
	w.insert("２")
	want("12....", "3")

	clear()
	w.keys(n.code(1))
	w.keys("\r")
	w.until(`location.pathname === "/"`)
}

func TestTheBoxesSayWhatTheyAreFor(t *testing.T) {
	forBrowsers(t)
	w := newBrowser(t)
	w.signIn(account(t, nil))
	w.asked()
	got := eval[string](w, `[...document.querySelectorAll("#code input")].map(b => [b.autocomplete, b.inputMode, b.getAttribute("aria-label")].join("|")).join("\n")`)
	lines := strings.Split(got, "\n")
	if len(lines) != 6 || lines[0] != "one-time-code|numeric|6桁中1桁目" || lines[5] != "off|numeric|6桁中6桁目" {
		t.Errorf("got\n%s", got)
	}
	if legend := eval[string](w, `document.querySelector("fieldset legend").innerText`); legend != "認証コード(6桁)" {
		t.Errorf("legend: %q", legend)
	}
}

const remember = `document.getElementById("remember-choice").checkVisibility()`

func TestRemembering(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	who, other := account(t, nil), account(t, nil)
	w.signIn(who)
	w.asked()
	if label := eval[string](w, `document.getElementById("remember-label").innerText`); label != "次回から30日間は認証コード入力をスキップしてログインする" {
		t.Errorf("label: %q", label)
	}
	w.click("#remember")
	w.focusCode()
	w.keys(n.code(1) + "\r")
	w.in(who)
	if c := w.cookies()["nidan_device"]; c == nil || !c.HTTPOnly || c.SameSite != "Lax" || c.Path != "/" {
		t.Errorf("the cookie: %+v", c)
	}

	t.Run("the next sign-in in this browser asks no code", func(t *testing.T) {
		w.signOut()
		w.signIn(who)
		w.in(who)
	})
	t.Run("another account in the same browser is asked", func(t *testing.T) {
		w.signOut()
		w.signIn(other)
		w.asked()
	})
	t.Run("in a private window a code is asked", func(t *testing.T) {
		p := w.private()
		p.signIn(who)
		p.asked()
	})
	t.Run("when the days are over a code is asked", func(t *testing.T) {
		// Nidan has the clock of this machine, so the test moves the day on which the code was entered instead.
		n.sql(`UPDATE devices SET verified_at = verified_at - $1`, (30*24*time.Hour - time.Minute).Microseconds())
		w.signOut()
		w.signIn(who)
		w.in(who)
		n.sql(`UPDATE devices SET verified_at = verified_at - $1`, time.Minute.Microseconds())
		w.signOut()
		w.signIn(who)
		w.asked()
		n.sql(`UPDATE devices SET verified_at = verified_at + $1`, (30 * 24 * time.Hour).Microseconds())
	})
	t.Run("when the cookie is cleared a code is asked", func(t *testing.T) {
		w.forget("nidan_device")
		w.signIn(who)
		w.asked()
	})
}

func TestTheHolderIsToldThatOthersTriedCodes(t *testing.T) {
	n := forBrowsers(t)
	who := account(t, nil)
	thief := newSignIn(t, who)
	thief.expect("code_sent", 1990001, nil)
	for range 3 {
		thief.expect("code_mismatch", 4990001, code("x"))
	}
	w := newBrowser(t)
	w.signIn(who)
	w.asked()
	right := n.codeOf(who) // when the mail has come
	if mail := n.mailbox.Messages()[0].Text; !strings.Contains(mail, "誤った認証コードが3回入力されました") {
		t.Errorf("the mail does not tell of them:\n%s", mail)
	}
	w.keys(wrong(right) + "\r")
	w.says("認証コードが間違っています")
	w.focusCode()
	w.keys(right + "\r")
	w.says("誤った認証コードが3回入力されました")
	if focused := eval[string](w, `document.activeElement.innerText`); focused != "次へ" {
		t.Errorf("the focus is on %q", focused)
	}
	if title := eval[string](w, `document.title`); !strings.HasPrefix(title, "ログインしました") {
		t.Errorf("the title is %q", title)
	}
	w.keys("\r")
	w.in(who)
	if told := eval[string](w, `document.getElementById("wrong-codes").innerText`); !strings.Contains(told, "3回") {
		t.Errorf("the page that follows says %q", told)
	}
	w.signOut()
	w.signIn(who)
	w.asked()
	w.keys(n.codeOf(who) + "\r")
	w.in(who) // the page tells of the wrong codes only once
}

// A thief has used the browser before, and has put a token there by which the thief's own account is remembered.
func TestAPlantedTokenIsWorthNothing(t *testing.T) {
	n := forBrowsers(t)
	thief, victim, planted := account(t, nil), account(t, nil), strings.Repeat("p", 43)
	n.rememberBrowser(thief, planted)
	w := newBrowser(t)
	w.open("/error?id=1")
	w.run(`document.cookie = "nidan_device=` + planted + `; path=/"`)
	w.signIn(victim)
	w.asked()
	w.click("#remember")
	w.focusCode()
	w.keys(n.codeOf(victim) + "\r")
	w.in(victim)
	if c := w.cookies()["nidan_device"]; c == nil || c.Value == planted || !c.HTTPOnly || c.SameSite != "Lax" || c.Path != "/" {
		t.Errorf("the cookie: %+v", c)
	}
	w.signOut()
	w.signIn(victim)
	w.in(victim)

	f := newForm(t, victim)
	f.setCookie(deviceCookie, planted)
	if got := f.ending(`{}`); got != asked {
		t.Errorf("with the planted token: %s", got)
	}
}

func TestWithoutTheTickNothingIsRemembered(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	who := account(t, nil)
	w.signIn(who)
	w.asked()
	w.keys(n.code(1) + "\r")
	w.in(who)
	w.signOut()
	w.signIn(who)
	w.asked()
}

func TestWhereRememberingIsOffItIsNotOffered(t *testing.T) {
	forBrowsers(t, "NIDAN_SETTINGS_REMEMBER=false")
	w := newBrowser(t)
	w.signIn(account(t, nil))
	w.asked()
	if eval[bool](w, remember) {
		t.Error("remembering is offered")
	}
}

func TestTheDaysAreThoseOfTheSettings(t *testing.T) {
	forBrowsers(t, "NIDAN_SETTINGS_REMEMBER_DAYS=7")
	w := newBrowser(t)
	w.signIn(account(t, nil))
	w.asked()
	if label := eval[string](w, `document.getElementById("remember-label").innerText`); !strings.Contains(label, "7日間") {
		t.Errorf("label: %q", label)
	}
}

func TestSendingTheCodeAgain(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	who := account(t, nil)
	w.signIn(who)
	w.asked()
	n.code(1)
	if wait := eval[string](w, `document.getElementById("resend-wait").innerText`); !strings.Contains(wait, "秒で再送信できます") {
		t.Errorf("no count: %q", wait)
	}
	const counted = `Number(document.getElementById("resend-wait").innerText.match(/\d+/)[0])`
	before := eval[int](w, counted)
	w.until(fmt.Sprintf(counted+" < %d", before)) // it counts down
	w.click("#resend")
	w.says("認証コードを続けて送信することはできません。")
	if wait := eval[string](w, `document.getElementById("resend-wait").innerText`); wait != "" {
		t.Errorf("there is a second count beside the message's: %q", wait)
	}
	n.code(1)
	w.aMinuteLater() // the page believes that the time has come; Nidan does not
	w.click("#resend")
	w.says("認証コードを続けて送信することはできません。")
	n.code(1)
	n.sql(`UPDATE challenges SET resend_at = 0`)
	w.aMinuteLater()
	w.until(`document.getElementById("resend-wait").innerText === "認証コードを再送信できます。"`)
	w.click("#resend")
	w.says("新しい認証コードを送信しました")
	w.keys(n.code(2) + "\r")
	w.in(who)
}

func TestReloadingSendsNothing(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	who := account(t, nil)
	w.signIn(who)
	w.asked()
	right := n.code(1)
	w.do(chromedp.Reload())
	w.shown("password-step")
	w.says("認証コードが新たに送信されることはありません。")
	if name, at := eval[string](w, `document.getElementById("identifier").value`), w.focused(); name != who || at != "password" {
		t.Errorf("the account is %q, the focus at %s", name, at)
	}
	w.keys(password + "\r")
	w.asked()
	if got := n.code(1); got != right {
		t.Error("another code was sent")
	}
	w.keys(right + "\r")
	w.in(who)
	w.do(chromedp.NavigateBack())
	w.until(`location.pathname === "/login" || location.pathname === "/"`)
	n.code(1)
}

func TestTwoTabsDoNotConfuseEachOther(t *testing.T) {
	n := forBrowsers(t)
	one := newBrowser(t)
	who, other := account(t, nil), account(t, nil)
	one.signIn(who)
	one.asked()
	first := n.code(1)
	two := one.tab()
	two.signIn(other)
	two.asked()
	second := n.code(2)
	if first != second {
		two.keys(first + "\r")
		two.says("認証コードが間違っています。")
	}
	one.keys(first + "\r")
	one.in(who)
	n.code(2)
}

func TestAnExpiredFlowIsReplacedUnnoticed(t *testing.T) {
	for name, tc := range map[string]func(*window){
		"on opening an old page": func(w *window) {
			w.open("/login?flow=00000000-0000-4000-8000-000000000000")
			w.shown("password-step")
		},
		"on submitting one": func(w *window) {
			w.open("/login")
			w.shown("password-step")
			w.run(`(ask => { window.fetch = (url, how) => {
				window.fetch = ask;
				return ask(url.replace(/flow=.*/, "flow=00000000-0000-4000-8000-000000000000"), how);
			} })(window.fetch)`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := forBrowsers(t)
			w := newBrowser(t)
			who := account(t, nil)
			tc(w)
			w.keys(who + "\t" + password + "\r")
			w.asked()
			w.keys(n.code(1) + "\r")
			w.in(who)
		})
	}
}

func TestKratosOwnErrorsAreShown(t *testing.T) {
	forBrowsers(t)
	w := newBrowser(t)
	w.open("/login")
	w.shown("password-step")
	w.keys("nobody-at-all\twrong\r")
	w.says("アカウントまたはパスワードが間違っています。")
	if at := w.focused(); at != "password" {
		t.Errorf("the focus is at %s", at)
	}
}

func TestLanguages(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	w.prefers("en-GB,en;q=0.9")
	w.signIn(account(t, nil))
	w.asked()
	w.says("We sent a verification code to")
	if subject := n.code(1); subject == "" || !strings.HasPrefix(n.mailbox.Messages()[0].Subject, "[Nidan]") {
		t.Errorf("the mail is not in English: %q", n.mailbox.Messages()[0].Subject)
	}
	w.keys("1")
	w.click(`[data-locale="ja"]`)
	w.says("宛に認証コードを送信しました。")
	if lang, boxes := eval[string](w, "document.documentElement.lang"), w.boxes(); lang != "ja" || boxes != "1....." {
		t.Errorf("lang %s, boxes %s", lang, boxes)
	}
	w.do(chromedp.Reload()) // the chosen language stays
	w.shown("password-step")
	if title := eval[string](w, `document.getElementById("title").innerText`); title != "ログイン" {
		t.Errorf("title: %q", title)
	}
}

func TestTheErrorPage(t *testing.T) {
	forBrowsers(t)
	w := newBrowser(t)
	w.open("/error?id=" + strings.Repeat("%3Cscript%3E", 2))
	if text := trimmed(eval[string](w, "document.body.innerText")); !strings.Contains(text, "問題が発生しました") || !strings.Contains(text, "<script><script>") {
		t.Errorf("got %q", text)
	}
	w.click("a.primary")
	w.shown("password-step")
}
