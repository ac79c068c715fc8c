package e2e

import "testing"

// digits types what an authenticator app shows into the plain form.
func (w *window) digits(digits string) {
	w.t.Helper()
	const field = `document.querySelector("form.plain [name=totp_code]")`
	w.until(field + `?.checkVisibility()`)
	w.run(field + `.focus()`)
	w.keys(digits)
	w.until(field + `.value === "` + digits + `"`)
	w.keys("\r")
}

func TestASecondFactorOfKratosOwnIsAskedForWithoutJavaScript(t *testing.T) {
	for _, level := range []string{"highest_available", "aal1"} {
		t.Run("where whoami asks for "+level, func(t *testing.T) {
			withFactors(t, level)
			n := forBrowsers(t, layered(t, appsFirst))
			who := account(t, administrator)
			s := newSignIn(t, who)
			s.expect("code_sent", 1990001, nil) // there is no factor yet
			secret := authenticatorApp(t, s.expectIn(code(n.newestCode())))
			mails := len(n.mailbox.Messages())

			w := plainBrowser(t)
			w.open("/console/settings") // where the sign-in is to lead
			w.shown("plain-password")
			w.keys(who + "\t" + password + "\r")
			w.says("パスワードは確認できました")
			w.until(`new URL(location.href).pathname === "/login"`)
			w.plainAccessible()
			w.digits("000000")
			w.says("数字が間違っています")
			w.digits(totp(t, secret))
			w.at("/console/settings")
			if got := len(n.mailbox.Messages()); got != mails {
				t.Errorf("%d mails went out", got-mails)
			}
		})
	}
}
