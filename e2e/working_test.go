package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// slowly makes the page wait for its next answer until letGo is called.
func (w *window) slowly() (letGo func()) {
	w.t.Helper()
	w.run(`window.asked = 0; (ask => { window.fetch = async (url, how) => {
		window.asked++;
		await new Promise((go) => { window.letGo = go; });
		window.fetch = ask;
		return ask(url, how);
	} })(window.fetch)`)
	return func() { w.t.Helper(); w.until(`window.letGo`); w.run(`window.letGo()`) }
}

func TestWhileAnAnswerIsAwaited(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	who := account(t, nil)
	w.open("/login")
	w.shown("password-step")
	w.keys(who + "\twrong\r")
	w.says("アカウントまたはパスワードが間違っています。")
	letGo := w.slowly()
	w.keys(password + "\r\r\r")
	w.until(`document.getElementById("message").hidden`) // the message about the try before is not shown any more
	const button = `document.querySelector("#password-step .primary")`
	if text, off := eval[string](w, button+".innerText"), eval[bool](w, button+".disabled"); text != "処理中です…" || !off {
		t.Errorf("the button says %q, and cannot be pressed: %v", text, off)
	}
	w.click("#password-step .primary")
	if asked := eval[int](w, "window.asked"); asked != 1 {
		t.Errorf("%d exchanges are under way", asked)
	}
	letGo()
	w.asked()
	n.code(1)
	w.keys(wrong(n.code(1)))
	w.says("認証コードが間違っています")
	letGo = w.slowly()
	w.keys("111111\r\r")
	w.until(`document.getElementById("message").hidden && document.getElementById("verify").disabled`)
	letGo()
	w.until(`!document.body.hasAttribute("aria-busy")`)
	if attempts := eval[string](w, `document.getElementById("sent").innerText`); !strings.Contains(attempts, "残り8回") {
		t.Errorf("two codes were tried: %s", attempts)
	}
}

func TestThePasswordCanBeShown(t *testing.T) {
	forBrowsers(t)
	w := newBrowser(t)
	w.open("/login")
	w.shown("password-step")
	look := func() string {
		return eval[string](w, `document.getElementById("password").type + " " + document.getElementById("show-password").getAttribute("aria-pressed")`)
	}
	for _, want := range []string{"password false", "text true", "password false"} {
		if got := look(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		w.click("#show-password")
	}
}

func TestWhatElseTheCodesStepTells(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	w.signIn(account(t, nil))
	w.asked()
	n.code(1)
	const step = `document.getElementById("code-step").innerText`
	w.until(step + `.includes("迷惑メールフォルダ")`)
	const left = `document.getElementById("sent").innerText.match(/残り(\d+):(\d\d)/).slice(1).reduce((m, s) => 60 * m + 1 * s)`
	before := eval[int](w, left)
	if before > 600 || before < 500 {
		t.Errorf("the page says that the code is valid for %d seconds", before)
	}
	w.until(fmt.Sprintf("%s < %d", left, before)) // it counts down
	if rule := eval[string](w, `getComputedStyle(document.body).lineBreak`); rule != "strict" {
		t.Errorf("Japanese lines may begin with ー: %s", rule)
	}
}
