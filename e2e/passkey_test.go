package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/webauthn"
)

// hasAuthenticator gives the browser a device that holds passkeys and that its holder unlocks.
func (w *window) hasAuthenticator() {
	w.t.Helper()
	call(w, webauthn.Enable, webauthn.EnableParams{})
	call(w, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true,
		HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
}

// addPasskey sets up a passkey through Kratos' settings flow, like a page of one's own.
const addPasskey = `(async () => {
	const json = (r) => r.json();
	const flow = await fetch("/self-service/settings/browser", {headers: {Accept: "application/json"}}).then(json);
	const value = (name) => flow.ui.nodes.find((n) => n.attributes.name === name).attributes.value;
	const bytes = (s) => Uint8Array.from(atob(s.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
	const text = (b) => btoa(String.fromCharCode(...new Uint8Array(b))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
	const data = JSON.parse(value("passkey_create_data")), {publicKey} = data.credentialOptions || data;
	publicKey.user.id = bytes(publicKey.user.id);
	publicKey.challenge = bytes(publicKey.challenge);
	delete publicKey.excludeCredentials;
	const made = await navigator.credentials.create({publicKey});
	const answer = await fetch(flow.ui.action, {
		method: "POST", headers: {Accept: "application/json", "Content-Type": "application/json"},
		body: JSON.stringify({method: "passkey", csrf_token: value("csrf_token"), passkey_settings_register: JSON.stringify({
			id: made.id, rawId: text(made.rawId), type: made.type,
			response: {attestationObject: text(made.response.attestationObject), clientDataJSON: text(made.response.clientDataJSON)},
		})}),
	});
	document.title = "passkey " + answer.status;
})().catch((e) => { document.title = "failed: " + e })`

// passedWithoutMail checks that an account is signed in with a second step, and that only the one code from before was mailed.
func (w *window) passedWithoutMail(n *nidan, who string) {
	w.t.Helper()
	w.in(who)
	if got := len(n.mailbox.Messages()); got != 1 {
		w.t.Errorf("%d codes were mailed, want the one before", got)
	}
	w.run(`fetch("/capabilities").then((r) => r.json()).then((w) => { document.title = w.session.channel + " " + w.session.second_step + " " + w.capabilities })`)
	w.until(`document.title === "admin_console passed phonebook,call_history,agent,console"`)
}

func TestAPasskeyIsASecondStep(t *testing.T) {
	offeringAt(t, originWithAName, newProvider(t))
	n := started(t, "NIDAN_PUBLIC_LISTEN="+pagesAddress, "NIDAN_PUBLIC_URL="+originWithAName)
	n.public = originWithAName
	w := newBrowser(t)
	w.hasAuthenticator()
	who := account(t, administrator)
	w.goTo(originWithAName + "/login")
	w.shown("password-step")
	w.keys(who + "\t" + password + "\r")
	w.asked()
	w.keys(n.code(1))
	w.in(who)
	w.run(addPasskey)
	w.until(`document.title.startsWith("passkey") || document.title.startsWith("failed")`)
	if got := eval[string](w, "document.title"); got != "passkey 200" {
		t.Fatal(got)
	}
	signOut := func() {
		t.Helper()
		w.run(`document.querySelector('a[href*="/self-service/logout"]').click()`)
		w.shown("password-step")
	}
	withPasskey := func() {
		t.Helper()
		w.until(`typeof window.oryPasskeyLogin === "function"`)
		w.click(`[data-method="passkey"] button`)
	}
	signOut()
	withPasskey()
	w.passedWithoutMail(n, who)

	t.Run("one that the policies refuse says what to do", func(t *testing.T) {
		w.t, n.t = t, t
		changed(t, who, `[{"op": "add", "path": "/metadata_public/locked", "value": true}]`)
		signOut()
		withPasskey()
		w.shown("start-again")
	})
}
