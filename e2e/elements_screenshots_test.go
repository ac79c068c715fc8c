//go:build screenshots

package e2e

import (
	"path/filepath"
	"testing"
	"time"
)

// TestScreenshotsOfOryElements takes pictures and tests nothing. They show each step of the pages made of Ory Elements: as Elements comes,
// and with the documented lines.
func TestScreenshotsOfOryElements(t *testing.T) {
	dir := "../docs/screenshots/elements"
	clearPictures(t, dir)
	shoot := func(w *window, name string) { w.picture(560, 860, "light", filepath.Join(dir, name+".png")) }
	t.Run("as it comes", func(t *testing.T) {
		n := withOwnPage(t, buildElements(t, asItComes))
		who := account(t, nil)
		w := elements(t, n, "")
		again := func(code, message string) {
			t.Helper()
			w.click(`[name="identifier"]`)
			w.keys(who + "\t" + code + "\t" + password + "\r")
			w.finds(message)
		}
		shoot(w, "as-it-comes-password")
		w.keys(who + "\t" + password + "\r")
		w.finds("We sent a verification code")
		shoot(w, "as-it-comes-code_sent")
		again(wrong(n.codeOf(who)), "The verification code is wrong.")
		shoot(w, "as-it-comes-code_mismatch")
		w.prefers("ja")
		again("", "認証コードを送信しました。")
		shoot(w, "as-it-comes-code_sent-ja")
		w.prefers("en")
		n.later(11 * time.Minute)
		again("", "The verification code has expired.")
		shoot(w, "as-it-comes-code_expired")
	})
	t.Run("with a few lines", func(t *testing.T) {
		n := withOwnPage(t, buildElements(t, asItComes, withAFew))
		who := account(t, nil)
		w := elements(t, n, "")
		shoot(w, "with-a-few-lines-password")
		w.keys(who + "\t" + password + "\r")
		w.finds("We sent a verification code")
		shoot(w, "with-a-few-lines-code_sent")
		w.keys(wrong(n.codeOf(who)) + "\r")
		w.finds("The verification code is wrong.")
		shoot(w, "with-a-few-lines-code_mismatch")
		w.press("Send another code")
		w.finds("cannot be sent yet")
		shoot(w, "with-a-few-lines-too_many_codes")
		n.later(11 * time.Minute)
		w.keys("000000\r")
		w.finds("The verification code has expired.")
		shoot(w, "with-a-few-lines-code_expired")
		w.press("Send another code")
		w.finds("We sent a new verification code")
		shoot(w, "with-a-few-lines-code_resent")
		w.press("Cancel")
		w.finds("was cancelled")
		shoot(w, "with-a-few-lines-cancelled")
	})
}
