//go:build screenshots

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestScreenshots takes pictures and tests nothing: make screenshots runs it. It writes a picture of each state, in each language, in light
// and in dark, to docs/screenshots.
func TestScreenshots(t *testing.T) {
	dir := "../docs/screenshots"
	clearPictures(t, dir)
	for _, s := range append(slices.Clone(states), refusals...) {
		t.Run(s.name, func(t *testing.T) {
			w := s.reached(t, nil)
			w.says(s.ja)
			photograph(t, w, dir, s.name)
		})
	}
	t.Run("other pages", func(t *testing.T) {
		forBrowsers(t)
		w := newBrowser(t)
		w.open("/login")
		w.shown("password-step")
		photograph(t, w, dir, "password")
	})
}

// TestScreenshotsOfTheModule takes pictures of the bare page of docs/your-own-login-page.md in each step.
func TestScreenshotsOfTheModule(t *testing.T) {
	dir := "../docs/screenshots/module"
	clearPictures(t, dir)
	n, page := withModule(t, false)
	w := newBrowser(t)
	take := func(name string) { w.picture(560, 560, "light", filepath.Join(dir, name+".png")) }
	w.goTo(page)
	w.until(`document.activeElement.name === "identifier"`)
	take("1-password")
	w.keys(account(t, nil) + "\t" + password + "\r")
	w.until(`document.getElementById("nidan-message").innerText.includes("We sent")`)
	take("2-code")
	w.keys(wrong(n.code(1)))
	w.until(`document.getElementById("nidan-message").innerText.includes("wrong")`)
	take("3-wrong-code")
	n.sql(`UPDATE challenges SET expires_at = 0`)
	w.keys("000000\r")
	w.until(`document.getElementById("nidan-message").innerText.includes("expired")`)
	take("4-expired")
}

// photograph takes pictures of the sign-in page in each language, in light and in dark.
func photograph(t *testing.T, w *window, dir, name string) {
	t.Helper()
	for _, locale := range []string{"ja", "en"} {
		w.run(`document.querySelector('[data-locale="` + locale + `"]').click()`)
		w.until(`document.documentElement.lang === "` + locale + `"`)
		for _, scheme := range []string{"light", "dark"} {
			w.picture(560, 640, scheme, filepath.Join(dir, name+"-"+locale+"-"+scheme+".png"))
		}
	}
}

// picture takes a picture of the window at this size.
func (w *window) picture(width, height int64, scheme, path string) {
	w.t.Helper()
	call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	w.do(chromedp.EmulateViewport(width, height))
	picture, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// clearPictures removes the old pictures in the folder itself.
func clearPictures(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	old, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	for _, picture := range old {
		if err := os.Remove(picture); err != nil {
			t.Fatal(err)
		}
	}
}
