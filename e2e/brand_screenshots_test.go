//go:build screenshots

package e2e

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestScreenshotsOfABrand takes pictures and tests nothing. They show the demo's brand, and the pages that tell of troubles.
func TestScreenshotsOfABrand(t *testing.T) {
	dir := "../docs/screenshots/brand"
	clearPictures(t, dir)
	example := branded(exampleOf(t, "logo.svg"), exampleOf(t, "logo-dark.svg"), exampleOf(t, "texts"))
	t.Run("signing in", func(t *testing.T) {
		n := forBrowsers(t, example...)
		w := newBrowser(t)
		w.open("/console/settings")
		w.shown("password-step")
		photograph(t, w, dir, "password")
		w.click(`[data-locale="ja"]`)
		w.run(`document.getElementById("identifier").focus()`)
		w.keys(account(t, administrator) + "\t" + password + "\r")
		w.asked()
		photograph(t, w, dir, "code_sent")
		w.run(`document.querySelector("#code input").focus()`)
		w.keys(n.code(1) + "\r")
		w.at("/console/settings")
		sight{"console", "/console/settings", nil}.photograph(t, w, dir)
		troubleIn(t, w, dir, "not_found", "/no/such")
	})
	t.Run("Kratos away", func(t *testing.T) {
		forBrowsers(t, append(example, fmt.Sprintf("NIDAN_KRATOS_PUBLIC_URL=http://127.0.0.1:%d", freePort()))...)
		troubleIn(t, newBrowser(t), dir, "away", "/login")
	})
}

// troubleIn takes pictures of a page whose language no script changes.
func troubleIn(t *testing.T, w *window, dir, name, path string) {
	t.Helper()
	w.forget("nidan_locale")
	for _, locale := range []string{"ja", "en"} {
		w.prefers(locale)
		w.open(path)
		w.until(`document.documentElement.lang === "` + locale + `"`)
		for _, scheme := range []string{"light", "dark"} {
			w.picture(560, 480, scheme, filepath.Join(dir, name+"-"+locale+"-"+scheme+".png"))
		}
	}
}
