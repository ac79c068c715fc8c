//go:build screenshots

package e2e

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"nidan/kratos"
)

// sight is a page of the console, and the steps that prepare it for its picture.
type sight struct {
	name, path string
	prepare    func(*window)
}

// TestScreenshotsOfTheConsole takes pictures and tests nothing.
func TestScreenshotsOfTheConsole(t *testing.T) {
	dir := "../docs/screenshots/console"
	clearPictures(t, dir)
	startKratos(t) // with no other accounts
	n := forBrowsers(t)
	people(t)
	agentSignsIn(t, n)

	w := newBrowser(t)
	w.signInRemembered(n, "/console/me", "admin")
	changeSomething(t, n, w)
	n.monthOfSignIns(time.Now())

	second := func(w *window) { w.run(`document.querySelectorAll("details.entry")[7].open = true`) }
	softphoneOff := func(w *window) {
		w.choose("softphone", "off")
		w.click("#settings-form button")
		w.until(`document.getElementById("question")`)
	}
	sights := []sight{
		{"settings", "/console/settings", nil},
		{"settings-edit", "/console/settings/edit", nil},
		{"question", "/console/settings/edit", softphoneOff},
		{"accounts", "/console/accounts", nil},
		{"accounts-edit", "/console/accounts?edit=1", nil},
		{"account", "/console/accounts/" + accountID(t, "agent"), nil},
		{"me", "/console/me", nil},
		{"overview", "/console?period=month", nil},
		{"records", "/console/records?outcome=kind.sign_in", second},
		{"records-wrong", "/console/records?outcome=refused&from=yesterday", nil},
		{"policies", "/console/policies", nil},
	}
	for _, s := range sights {
		s.photograph(t, w, dir)
	}
	supervisor := w.private()
	supervisor.signInTo(n, "/console/me", "supervisor")
	sight{"refused", "/console/settings", nil}.photograph(t, supervisor, dir)

	w.open("/language/ja?to=/console/settings")
	w.at("/console/settings")
	for _, s := range []sight{sights[0], sights[3]} {
		w.open(s.path)
		w.at(s.path)
		w.picture(400, 900, "light", filepath.Join(dir, s.name+"-narrow-ja-light.png"))
	}
	w.tall("/console?period=week", 400, "light", filepath.Join(dir, "overview-narrow-ja-light.png"))
	w.tall("/console?period=month", 1100, "light", filepath.Join(dir, "overview-whole-ja-light.png"))
	w.open("/console/records?outcome=unfinished")
	w.at("/console/records?outcome=unfinished")
	w.picture(400, 1000, "dark", filepath.Join(dir, "records-narrow-ja-dark.png"))
	n.mailAway("agent")
	sight{"mail-trouble", "/console/settings", nil}.photograph(t, w, dir)
}

// photograph takes pictures of the page in each language, in light and in dark.
func (s sight) photograph(t *testing.T, w *window, dir string) {
	t.Helper()
	for _, locale := range []string{"ja", "en"} {
		w.open("/language/" + locale + "?to=/console/me")
		w.at("/console/me")
		w.open(s.path)
		w.at(s.path)
		if s.prepare != nil {
			s.prepare(w)
		}
		for _, scheme := range []string{"light", "dark"} {
			w.picture(1100, 900, scheme, filepath.Join(dir, s.name+"-"+locale+"-"+scheme+".png"))
		}
	}
}

// tall takes a picture of a whole page, from its top to its bottom.
func (w *window) tall(path string, width int64, scheme, file string) {
	w.t.Helper()
	w.do(chromedp.EmulateViewport(width, 900))
	w.open(path)
	w.at(path)
	w.picture(width, eval[int64](w, `document.documentElement.scrollHeight`), scheme, file)
}

// people makes the accounts: those of the demo, and some that have a problem.
func people(t *testing.T) {
	t.Helper()
	for _, a := range []kratos.Account{
		{Account: "owner", Name: "Owner", Role: "owner"},
		{Account: "admin", Name: "Administrator", Role: "system_administrator", TwoFactor: true},
		{Account: "supervisor", Name: "Supervisor", Role: "supervisor", TwoFactor: true},
		{Account: "agent", Name: "Agent", Role: "user", TwoFactor: true},
		{Account: "plain", Name: "Plain", Role: "user"},
		{Account: "nomail", Name: "No Mail", Role: "user"},
		{Account: "retired", Name: "Retired", Role: "user"},
		{Account: "broken", Name: "Broken", Role: "user"},
	} {
		account(t, func(as *kratos.Account) {
			a.Password, a.Email = as.Password, a.Account+"@example.com"
			if a.Account == "nomail" {
				a.Email = ""
			}
			*as = a
		})
	}
	changed(t, "retired", `[{"op": "replace", "path": "/state", "value": "inactive"}]`)
	changed(t, "broken", `[{"op": "replace", "path": "/metadata_public/role", "value": 7}]`)
}

// agentSignsIn signs the agent in on a softphone, with one wrong code, and makes Nidan remember the softphone.
func agentSignsIn(t *testing.T, n *nidan) {
	t.Helper()
	s := newSignIn(t, "agent")
	s.header = http.Header{"User-Agent": {"softphone/3.5.0 (Windows NT 10.0; Win64; x64)"}}
	s.expect("code_sent", 1990001, nil)
	right := n.newestCode()
	s.expect("code_mismatch", 4990001, code(wrong(right)))
	s.expectIn(map[string]any{"code": right, "remember": true})
	newSignIn(t, "plain").expectIn(nil)
	newSignIn(t, "agent").expect("code_sent", 1990001, nil)
	n.mailed()
}

// changeSomething makes records of a change of the settings and of a change of an account.
func changeSomething(t *testing.T, n *nidan, w *window) {
	t.Helper()
	w.open("/console/settings/edit")
	w.run(`remember_days.value = "14"`)
	w.click("#settings-form button")
	w.ok()
	w.at("/console/settings?done=saved")
	w.open("/console/accounts/" + accountID(t, "plain") + "?edit=1")
	w.choose("two_factor", "on")
	w.click("#two_step button")
	w.ok()
	w.until(`location.search === "?done=saved"`)
	n.triedBy(accountID(t, "agent"), 3)
}
