package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"
)

// withSecurityKeys starts a Kratos that accepts security keys, a Nidan with a host name, and a browser with a key that is touched at once.
func withSecurityKeys(t *testing.T) (*nidan, *window) {
	t.Helper()
	for name, value := range map[string]string{
		"WEBAUTHN_ENABLED": "true", "WEBAUTHN_CONFIG_RP_ID": "localhost", "WEBAUTHN_CONFIG_RP_DISPLAY_NAME": "Nidan",
		"WEBAUTHN_CONFIG_RP_ORIGINS": originWithAName,
	} {
		t.Setenv("SELFSERVICE_METHODS_"+name, value)
	}
	startKratosOn(t, kratosDatabase(), originWithAName)
	n := started(t, "NIDAN_PUBLIC_LISTEN="+pagesAddress, "NIDAN_PUBLIC_URL="+originWithAName)
	n.public = originWithAName
	w := newBrowser(t)
	call(w, webauthn.Enable, webauthn.EnableParams{})
	call(w, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "usb", AutomaticPresenceSimulation: true,
	}})
	return n, w
}

// addKey opens the page of second factors, and waits until a security key can be added.
func (w *window) addKey() {
	w.t.Helper()
	w.goTo(originWithAName + "/second-factor")
	w.until(`typeof window.__oryWebAuthnRegistration === "function" || typeof window.oryWebAuthnRegistration === "function"`)
}

func TestASecurityKeyIsEnrolledAndAskedFor(t *testing.T) {
	n, w := withSecurityKeys(t)
	n.set()
	who := account(t, nil)
	in := func(then string) {
		t.Helper()
		w.goTo(originWithAName + "/login")
		w.shown("password-step")
		w.keys(who + "\t" + password + "\r")
		w.until(then)
	}
	in(`location.pathname === "/"`)
	kept := func() bool {
		t.Helper()
		found, err := kratosAdmin.Account(t.Context(), accountID(t, who))
		if err != nil || found.Factors == nil {
			t.Fatalf("got %+v, %v", found, err)
		}
		return found.Factors.WebAuthn
	}

	// A session that passed nothing is refused at the end too, even if the page was opened before a code was asked.
	w.addKey()
	n.set(everySwitch...)
	w.run(`document.querySelector("[name=webauthn_register_displayname]").value = "thief"; document.querySelector("[name=webauthn_register_trigger]").click()`)
	w.until(`[...document.querySelectorAll(".message.error")].some(m => m.innerText.includes("認証コード"))`)
	if kept() {
		t.Fatal("the thief's key is kept")
	}

	n.set()
	w.addKey()
	accessible(t, w)
	w.run(`document.querySelector("[name=webauthn_register_displayname]").value = "blue"; document.querySelector("[name=webauthn_register_trigger]").click()`)
	w.until(`document.querySelector("#webauthn .state")?.innerText.includes("設定済み")`)
	w.until(`document.querySelector("[name=webauthn_remove]").innerText === "セキュリティキー「blue」を削除する"`)
	if !kept() {
		t.Error("the console would not know of it")
	}
	accessible(t, w)

	call(w, network.DeleteCookies, network.DeleteCookiesParams{Name: "ory_kratos_session", URL: originWithAName})
	in(`document.getElementById("message")?.innerText && document.querySelector("[name=webauthn_login_trigger]") === document.activeElement`)
	w.until(`typeof window.__oryWebAuthnLogin === "function" || typeof window.oryWebAuthnLogin === "function"`)
	accessible(t, w)
	w.keys("\r")
	w.until(fmt.Sprintf(`location.pathname === "/" && document.getElementById("account")?.innerText === %q`, who))

	w.goTo(originWithAName + "/second-factor")
	w.click(`[name=webauthn_remove]`)
	w.until(`document.querySelector("#webauthn .state")?.innerText.includes("まだ設定されていません")`)
}

// In the place of the password, a security key is a second step itself: it is something that a person has, and not something that a person knows.
func TestASecurityKeyInThePasswordsPlaceIsASecondStep(t *testing.T) {
	t.Setenv("SELFSERVICE_METHODS_WEBAUTHN_CONFIG_PASSWORDLESS", "true")
	t.Setenv("SESSION_WHOAMI_REQUIRED_AAL", "aal1")
	n, w := withSecurityKeys(t)
	who := account(t, administrator)
	w.goTo(originWithAName + "/login")
	w.shown("password-step")
	w.keys(who + "\t" + password + "\r")
	w.asked()
	w.keys(n.code(1))
	w.in(who)
	w.addKey()
	w.run(`document.querySelector("[name=webauthn_register_displayname]").value = "blue"; document.querySelector("[name=webauthn_register_trigger]").click()`)
	w.until(`document.querySelector("#webauthn .state")?.innerText.includes("設定済み")`)

	withKey := func() {
		t.Helper()
		call(w, network.DeleteCookies, network.DeleteCookiesParams{Name: "ory_kratos_session", URL: originWithAName})
		w.goTo(originWithAName + "/login")
		w.shown("password-step")
		w.keys(who)
		w.click(`[data-method="webauthn"] button`)
		w.until(`typeof window.__oryWebAuthnLogin === "function" || typeof window.oryWebAuthnLogin === "function"`)
		w.until(`document.querySelector("[name=webauthn_login_trigger]")?.checkVisibility()`)
		accessible(t, w)
		w.click("[name=webauthn_login_trigger]")
	}
	withKey()
	w.passedWithoutMail(n, who)

	t.Run("one that the policies refuse says what to do", func(t *testing.T) {
		w.t = t
		changed(t, who, `[{"op": "add", "path": "/metadata_public/locked", "value": true}]`)
		withKey()
		w.shown("start-again")
	})
}

// A passkey is a way in of its own: with a passkey of the thief, neither the password nor a code would be asked any more.
func TestASessionThatPassedNothingEnrolsNoPasskey(t *testing.T) {
	for name, value := range map[string]string{
		"PASSKEY_ENABLED": "true", "PASSKEY_CONFIG_RP_ID": "localhost", "PASSKEY_CONFIG_RP_DISPLAY_NAME": "Nidan",
		"PASSKEY_CONFIG_RP_ORIGINS": originWithAName,
	} {
		t.Setenv("SELFSERVICE_METHODS_"+name, value)
	}
	startKratosOn(t, kratosDatabase(), originWithAName)
	n := started(t, "NIDAN_PUBLIC_LISTEN="+pagesAddress, "NIDAN_PUBLIC_URL="+originWithAName)
	w := newBrowser(t)
	call(w, webauthn.Enable, webauthn.EnableParams{})
	call(w, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true,
		AutomaticPresenceSimulation: true,
	}})
	n.set()
	who := account(t, nil)
	w.goTo(originWithAName + "/login")
	w.shown("password-step")
	w.keys(who + "\t" + password + "\r")
	w.until(`location.pathname === "/"`)
	for _, tc := range []struct {
		asked []string
		says  string
		kept  bool
	}{
		{everySwitch, `[...document.querySelectorAll(".message.error")].some(m => m.innerText.includes("認証コード"))`, false},
		{nil, `document.querySelector("#passkey .state")?.innerText.includes("設定済み")`, true},
	} {
		n.set()
		w.goTo(originWithAName + "/second-factor")
		w.until(`typeof window.oryPasskeySettingsRegistration === "function"`)
		n.set(tc.asked...)
		w.click("[name=passkey_register_trigger]")
		w.until(tc.says)
		if kept := factorsOf(t, who)["passkey"] != nil; kept != tc.kept {
			t.Errorf("with %q switched on, the passkey is kept: %v", tc.asked, kept)
		}
	}
}
