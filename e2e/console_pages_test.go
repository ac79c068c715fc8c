package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"nidan/kratos"
)

// A person who reads just 「有効」 believes that a code is asked. But as the policies ship, this account is let in without a code.
func TestAnAccountThatNoCodeCanBeSentToIsNotShownAsJustEnabled(t *testing.T) {
	n := forBrowsers(t)
	name := account(t, func(a *kratos.Account) { a.Email = "" })
	offToo := account(t, func(a *kratos.Account) { a.Email, a.TwoFactor = "", false })
	w := newBrowser(t)
	w.signInTo(n, "/console/me", account(t, administrator))
	for locale, want := range map[string][2]string{
		"ja": {"有効(メールアドレスなし: 認証コードを送れません)", "無効"}, "en": {"Enabled (no e-mail address: no code can be sent)", "Disabled"},
	} {
		for i, who := range []string{name, offToo} {
			w.open("/language/" + locale + "?to=/console/accounts?q=" + who)
			w.until(`document.querySelector("tbody .flag")?.innerText === "` + want[i] + `"`)
			w.open("/console/accounts/" + accountID(t, who))
			w.until(`document.querySelector("#two_step .flag")?.innerText === "` + want[i] + `"`)
		}
	}
	own := w.private()
	own.open("/console/me")
	own.shown("password-step")
	own.keys(name + "\t" + password + "\r")
	own.at("/console/me")
	own.reads("#two_step .flag", "認証コードを送れません")
}

func TestAFilterThatCannotBeUsedKeepsItsForm(t *testing.T) {
	n := forBrowsers(t)
	name := account(t, nil)
	w := newBrowser(t)
	w.signInTo(n, "/console/accounts", account(t, administrator))
	for _, in := range [][2]string{{"ja", "「boss」では検索できません。一覧から選択してください。"}, {"en", "“boss” cannot be searched for. Choose from the list."}} {
		locale, want := in[0], in[1]
		w.open("/language/" + locale + "?to=/console/accounts")
		w.open("/console/accounts?q=" + name + "&role=boss&state=active")
		w.reads("#role-problem", want)
		if got := eval[int](w, `performance.getEntriesByType("navigation")[0].responseStatus`); got != http.StatusUnprocessableEntity {
			t.Errorf("it is answered with %d", got)
		}
		kept := eval[string](w, `[q.value, state.value, role.getAttribute("aria-invalid"), role.getAttribute("aria-describedby"), document.querySelectorAll("[aria-invalid], tbody tr").length].join(" ")`)
		if kept != name+" active true role-problem 1" {
			t.Errorf("the form has %q", kept)
		}
	}
	w.run(`role.value = "user"`)
	w.click("form.filter button")
	w.until(`document.querySelectorAll("tbody tr").length === 1`)
	w.reads("tbody", name)
	w.open("/console/accounts?q=a%00b")
	w.reads("#q-problem", "It contains characters that cannot be searched for.")

	other := w.private()
	other.signInTo(n, "/console/me", account(t, nil))
	other.open("/console/accounts?role=boss")
	other.reads("h1", "この操作を行う権限がありません")
}

func TestWhatWasSavedIsSaidOnce(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	w.signInTo(n, "/console/settings/edit", account(t, administrator))
	w.run(`remember_days.value = "9"`)
	w.click("#settings-form button")
	w.ok()
	w.at("/console/settings?done=saved")
	w.reads("[role=status]", "保存しました。")
	for range 2 {
		w.do(chromedp.Reload())
		w.reads("#remember_days", "9")
		if eval[bool](w, `document.body.innerText.includes("保存しました。")`) {
			t.Fatal("the message is shown again when the page is loaded again")
		}
	}
	w.open("/console/accounts?done=saved")
	w.reads("h1", "アカウント")
	if eval[bool](w, `document.querySelector("[role=status]") !== null`) {
		t.Error("a link makes the page show the message")
	}
}

func TestMyAccountOfAUserIsNoError(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	w.signInTo(n, "/console/me", account(t, nil))
	w.reads("#two_step", "この設定は管理者が変更します。")
	if got := eval[string](w, `document.querySelector("main").innerText`); strings.Contains(got, "権限") || strings.Contains(got, "できません") {
		t.Errorf("it reads as an error:\n%s", got)
	}
	if eval[bool](w, `document.querySelector("main .error, main [role=alert]") !== null`) {
		t.Error("it looks like an error")
	}
	fits(t, w, "me-user")
	w.open("/language/en?to=/console/me")
	w.reads("#two_step", "Your administrator changes this setting.")
}

// A person sees at first sight which switches are on, by a sign beside the colour, and which depend on others, by their indentation.
func TestTheSettingsShowWhatDependsOnWhat(t *testing.T) {
	n := forBrowsers(t)
	n.set("two_factor", "admin_console", "remember")
	w := newBrowser(t)
	w.signInTo(n, "/console/settings", account(t, administrator))
	left := func(selectors ...string) (at []float64) {
		for _, s := range selectors {
			at = append(at, eval[float64](w, `document.querySelector('`+s+`').getBoundingClientRect().left`))
		}
		return at
	}
	deeper := func(of []float64) bool { return of[0] < of[1] && of[1] == of[2] && of[2] == of[3] && of[3] < of[4] }
	shown := left("dl > :nth-child(1) dt", "dl > :nth-child(2) dt", "dl > :nth-child(3) dt", "dl > :nth-child(4) dt", "dl > :nth-child(5) dt")
	if !deeper(shown) {
		t.Errorf("the switches stand at %v", shown)
	}
	sign := func(id string) string {
		return eval[string](w, `(f => getComputedStyle(f, "::before").content + getComputedStyle(f).borderTopStyle)(document.querySelector("#`+id+` .flag"))`)
	}
	if on, off := sign("admin_console"), sign("softphone"); on == off {
		t.Errorf("both show %s", on)
	}
	w.click("#edit")
	w.at("/console/settings/edit")
	if edited := left("[name=two_factor]", "[name=admin_console]", "[name=softphone]", "[name=remember]", "#remember_days"); !deeper(edited) {
		t.Errorf("to be edited, they stand at %v", edited)
	}
	const told = `document.querySelector(".while-off").checkVisibility()`
	if eval[bool](w, told) {
		t.Error("the page says that the other settings have no effect, and they have")
	}
	w.choose("two_factor", "off")
	w.until(told)
	n.set("admin_console")
	w.open("/console/settings")
	w.reads(".message", "ほかの設定は使われません")
	fits(t, w, "settings-off")
}
