package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"nidan/kratos"
)

// fits checks that a page can be read on a phone and on a desk, in light and in dark: the page is not wider than its window, tables that are
// cards on a phone are not cut off, and the page is accessible. PICTURES names a folder for pictures, for people to look at.
func fits(t *testing.T, w *window, name string) {
	t.Helper()
	for _, on := range []struct {
		name, scheme  string
		width, height int64
	}{{"phone", "light", 320, 640}, {"phone", "dark", 320, 640}, {"desk", "light", 1440, 900}, {"desk", "dark", 1440, 900}} {
		call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: on.scheme}},
		})
		w.do(chromedp.EmulateViewport(on.width, on.height))
		if got := eval[int64](w, `document.documentElement.scrollWidth`); got > on.width {
			t.Errorf("%s: on a %s it has to be scrolled sideways: %d pixels of %d (WCAG 2.2, 1.4.10)", name, on.name, got, on.width)
		}
		if on.name == "phone" && eval[bool](w, `[...document.querySelectorAll(".scroll")].some(s => s.scrollWidth > s.clientWidth)`) {
			t.Errorf("%s: on a phone a table is cut off, and not shown as cards", name)
		}
		accessible(t, w)
		if dir := os.Getenv("PICTURES"); dir != "" {
			picture, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name+"-"+on.name+"-"+on.scheme+".png"), picture, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.do(chromedp.EmulateViewport(1000, 900))
}

func TestTheConsoleFitsAPhoneAndADesk(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	admin := account(t, administrator)
	w.signInRemembered(n, "/console/me", admin)
	unreachable := account(t, func(a *kratos.Account) { a.Email = "" })
	account(t, func(a *kratos.Account) { a.TwoFactor = false })
	changed(t, account(t, nil), `[{"op": "add", "path": "/metadata_public/role", "value": 7}]`) // this role cannot be read, and the list says so
	changed(t, account(t, nil), `[{"op": "add", "path": "/metadata_public/locked", "value": true}]`)
	name := account(t, nil)
	n.device(accountID(t, name), 1)
	for _, locale := range []string{"ja", "en"} {
		w.t = t
		w.open("/language/" + locale + "?to=/console/me")
		w.at("/console/me")
		for page, path := range map[string]string{
			"settings": "/console/settings", "settings-edit": "/console/settings/edit", "accounts": "/console/accounts?q=test-",
			"accounts-edit": "/console/accounts?q=test-&edit=1&id=1", "accounts-wrong": "/console/accounts?q=a&role=boss",
			"accounts-none": "/console/accounts?q=nobody", "account": "/console/accounts/" + accountID(t, name),
			"account-records":     "/console/accounts/" + accountID(t, admin),
			"account-unreachable": "/console/accounts/" + accountID(t, unreachable), "me": "/console/me", "me-edit": "/console/me?edit=1",
			"policies": "/console/policies", "difference": "/console/policies/difference", "not-found": "/console/accounts/nobody",
		} {
			t.Run(locale+" "+page, func(t *testing.T) {
				w.t = t
				w.open(path)
				w.until(`document.querySelector("h1")`)
				fits(t, w, page+"-"+locale)
			})
		}
		t.Run(locale+" question", func(t *testing.T) {
			w.t = t
			w.open("/console/settings/edit")
			w.choose("softphone", "off")
			w.click("#settings-form button")
			w.until(`document.getElementById("question")`)
			fits(t, w, "question-"+locale)
		})
	}
}
