package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"nidan/kratos"
)

// Attempts to avoid the second step by lying. An account that is asked for a code signs in with the right password and a lie, as a softphone
// and as a browser. Each attempt must end with a code or with a refusal, and never with a session.

const softphone = `"client": {"name": "softphone", "version": "3.5.0"}`

// lie is a value that a client puts into transient_payload, and how the sign-in ends.
type lie struct{ how, payload, softphone, browser string }

func lies() []lie {
	table := []lie{
		{"naming an exempt channel", `{"two_factor": {"channel": "desk_phone", ` + softphone + `}}`, asked, asked},
		{"naming it beside two_factor", `{"channel": "mobile", "two_factor": {` + softphone + `}}`, asked, asked},
		{"naming it as the client's", `{"two_factor": {"client": {"channel": "webrtc", "version": "3.5.0"}}}`, asked, asked},
		{"claiming what the settings are", `{"settings": {"two_factor": false, "softphone": false, "admin_console": false},
			"two_factor": {"settings": {"two_factor": false}, "enabled": false, ` + softphone + `}}`, asked, asked},
		{"claiming to be remembered", `{"device": {"known": true, "channel": "softphone", "age_days": 0},
			"two_factor": {"device": {"known": true, "channel": "admin_console", "age_days": 0}, ` + softphone + `}}`, asked, asked},
		{"claiming what time it is", `{"now": "2000-01-01T00:00:00Z",
			"two_factor": {"now": "2999-01-01T00:00:00Z", ` + softphone + `}}`, asked, asked},
		{"claiming who it is", `{"account": {"two_factor": false, "has_email": false}, "identity": {"metadata_public": {"role": "owner"}},
			"two_factor": {"metadata_public": {"two_factor": {"enabled": false}}, ` + softphone + `}}`, asked, asked},
		{"claiming to have passed", `{"two_factor": {"state": "passed", "passed": true, "challenge": {"id": "1", "attempts_left": 9},
			"second_step": "passed", "verified": true, ` + softphone + `}}`, asked, asked},
		{"wishing to be remembered", `{"two_factor": {"remember": true, ` + softphone + `}}`, asked, asked},
		{"an action with a code made up", `{"two_factor": {"action": "resend", "code": "000000", ` + softphone + `}}`, asked, asked},
		{"giving up what was never asked", `{"two_factor": {"action": "cancel", ` + softphone + `}}`, "cancelled", "cancelled"},
		{"an action there is none of", `{"two_factor": {"action": "skip", ` + softphone + `}}`, notUnderstood, notUnderstood},

		{"a code that is a number", `{"two_factor": {"code": 0, ` + softphone + `}}`, notUnderstood, notUnderstood},
		{"a code that is true", `{"two_factor": {"code": true, ` + softphone + `}}`, notUnderstood, notUnderstood},
		{"a code that is an object", `{"two_factor": {"code": {"$ne": ""}, ` + softphone + `}}`, notUnderstood, notUnderstood},
		{"a remember that is a string", `{"two_factor": {"remember": "true", ` + softphone + `}}`, notUnderstood, notUnderstood},
		{"a device_token that is a list", `{"two_factor": {"device_token": ["x"], ` + softphone + `}}`, notUnderstood, notUnderstood},
		{"a client that is a string", `{"two_factor": {"client": "desk_phone"}}`, notUnderstood, notUnderstood},
		{"a version that is a number", `{"two_factor": {"client": {"name": "softphone", "version": 99}}}`, notUnderstood, notUnderstood},
		{"a two_factor that is a list", `{"two_factor": []}`, notUnderstood, notUnderstood},
		{"a two_factor that is a string", `{"two_factor": "off"}`, notUnderstood, notUnderstood},
		{"a two_factor that is false", `{"two_factor": false}`, notUnderstood, notUnderstood},
		{"a two_factor that is null", `{"two_factor": null}`, tooOld, asked},
		{"a payload that is a list", `[{"two_factor": {}}]`, byKratos, byKratos},
		{"a payload that is a string", `"off"`, byKratos, byKratos},
		{"a code over all bounds", `{"two_factor": {"code": "` + strings.Repeat("0", 30<<10) + `", ` + softphone + `}}`, asked, asked},

		{"two_factor in other letters", `{"TWO_FACTOR": {` + softphone + `}}`, tooOld, asked},
		{"client in other letters", `{"two_factor": {"Client": {"name": "softphone", "version": "3.5.0"}}}`, tooOld, asked},
		{"two_factor twice", `{"two_factor": {"code": "1"}, "two_factor": {` + softphone + `}}`, byKratos, byKratos},
		{"a code twice", `{"two_factor": {"code": "1", "code": "2", ` + softphone + `}}`, byKratos, byKratos},
		{"a client twice", `{"two_factor": {"client": {}, ` + softphone + `}}`, byKratos, byKratos},
	}
	for _, name := range []string{
		"desk_phone", "opencti", "webrtc", "chrome_extension", "mobile", "admin_console", "browser", "unknown", "Softphone", "",
	} {
		table = append(table, lie{"client name " + name,
			`{"two_factor": {"client": {"name": "` + name + `", "version": "3.5.0"}}}`, asked, asked})
	}
	for version, ends := range map[string]string{
		"999999999.999999999.999999999": asked, "99.0.0-evil": asked, "3.5.0+evil": asked, "99999999999999999999.0.0": tooOld,
		"-3.5.0": tooOld, "-1": tooOld, " 3.5.0 ": tooOld, "3. 5.0": tooOld, `3.5.0\n`: tooOld, "３.５.０": tooOld, "v3.5.0": asked,
		">=0": tooOld, "3.5.0.0": tooOld, "NaN": tooOld, "1e9": tooOld, strings.Repeat("9.", 5000): tooOld,
	} {
		table = append(table, lie{"version " + version[:min(32, len(version))],
			`{"two_factor": {"client": {"name": "softphone", "version": "` + version + `"}}}`, ends, asked})
	}
	return table
}

func TestLiesInThePayload(t *testing.T) {
	n := started(t)
	name := account(t, nil)
	for _, l := range lies() {
		t.Run(l.how, func(t *testing.T) {
			n.t = t
			n.rested()
			if got := newSignIn(t, name).submitPayload(json.RawMessage(l.payload)).ending(); got != l.softphone {
				t.Errorf("as a softphone: %s, want %s", got, l.softphone)
			}
			if got := newForm(t, name).ending(l.payload); got != l.browser {
				t.Errorf("as a browser: %s, want %s", got, l.browser)
			}
		})
	}
}

// The hook's body of a sign-in may have 64 KB. After a longer body, Kratos' interpreter refused this sign-in and the next 68, of any
// account.
func TestALongPayloadKeepsNobodyElseOut(t *testing.T) {
	started(t)
	long := newSignIn(t, account(t, nil))
	plain := account(t, func(a *kratos.Account) { a.TwoFactor = false })
	long.expect("code_sent", 1990001, code(strings.Repeat("\u0080", 12<<10)))
	for range 10 {
		newSignIn(t, plain).expectIn(nil)
	}
}

// If one channel is off, the other one still asks for a code, whatever the client claims to be.
func TestAChannelThatIsOffIsNoWayAroundTheOther(t *testing.T) {
	n := started(t)
	name := account(t, nil)
	for _, client := range []string{"softphone", "browser", "admin_console", "mobile"} {
		payload := `{"two_factor": {"client": {"name": "` + client + `", "version": "3.5.0"}}}`
		for off, want := range map[string]struct{ softphone, browser string }{
			"softphone":     {letIn, asked},
			"admin_console": {asked, letIn},
		} {
			t.Run(off+" off, and a client that says it is "+client, func(t *testing.T) {
				n.t = t
				n.rested()
				on := map[string]string{"softphone": "admin_console", "admin_console": "softphone"}[off]
				n.set("two_factor", on)
				if got := newSignIn(t, name).submitPayload(json.RawMessage(payload)).ending(); got != want.softphone {
					t.Errorf("by an API flow: %s, want %s", got, want.softphone)
				}
				if got := newForm(t, name).ending(payload); got != want.browser {
					t.Errorf("by a browser flow: %s, want %s", got, want.browser)
				}
			})
		}
	}
}

// The client lies in the whole body. Kratos reads the body, and only what Kratos passes on counts. NAME stands for the account.
func TestLiesInTheBody(t *testing.T) {
	n := started(t)
	name := account(t, nil)
	const fields = `"identifier": "NAME", "password": "` + password + `"`
	for _, tc := range []struct{ how, body, ends string }{
		{"no lie", `{"method": "password", ` + fields + `, "transient_payload": {"two_factor": {` + softphone + `}}}`, asked},
		{"transient_payload twice", `{"method": "password", ` + fields + `, "transient_payload": {"two_factor": {"code": "1"}},
			"transient_payload": {"two_factor": {` + softphone + `}}}`, asked},
		{"the method twice, another one first", `{"method": "code", "method": "password", ` + fields + `}`, tooOld},
		{"the method twice, another one last", `{"method": "password", "method": "code", ` + fields + `}`, byKratos},
		{"the whole of what Nidan is told", `{"method": "password", ` + fields + `, "flow": {"type": "browser", "id": "1"},
			"identity": {"metadata_public": {"two_factor": {"enabled": false}}}, "session": {"authenticated_at": "2000-01-01T00:00:00Z"},
			"ctx": "{}", "metadata_public": {"two_factor": {"enabled": false}}, "transient_payload": {"two_factor": {` + softphone + `}}}`, asked},
		{"traits of another", `{"method": "password", ` + fields + `, "traits": {"email": "", "two_factor": false},
			"transient_payload": {"two_factor": {` + softphone + `}}}`, asked},
		{"the code beside the payload", `{"method": "password", ` + fields + `, "code": "000000", "two_factor": {"code": "000000"}}`, tooOld},
		{"dotted names", `{"method": "password", ` + fields + `, "transient_payload.two_factor.client.version": "3.5.0"}`, tooOld},
		{"no method", `{` + fields + `}`, byKratos},
		{"the method in capitals", `{"method": "PASSWORD", ` + fields + `}`, byKratos},
		{"the method in a list", `{"method": ["password"], ` + fields + `}`, byKratos},
		{"the method code", `{"method": "code", ` + fields + `}`, byKratos},
		{"the method link", `{"method": "link", ` + fields + `}`, byKratos},
		{"the method oidc", `{"method": "oidc", "provider": "x", ` + fields + `}`, byKratos},
		{"the method totp", `{"method": "totp", "totp_code": "000000", ` + fields + `}`, byKratos},
		{"the method webauthn", `{"method": "webauthn", "webauthn_login": "{}", ` + fields + `}`, byKratos},
		{"the method passkey", `{"method": "passkey", "passkey_login": "{}", ` + fields + `}`, byKratos},
		{"the method lookup_secret", `{"method": "lookup_secret", "lookup_secret": "x", ` + fields + `}`, byKratos},
		{"the method identifier_first", `{"method": "identifier_first", ` + fields + `}`, byKratos},
	} {
		t.Run(tc.how, func(t *testing.T) {
			n.t = t
			n.rested()
			if got := newSignIn(t, name).submitBody(strings.ReplaceAll(tc.body, "NAME", name)).ending(); got != tc.ends {
				t.Errorf("%s, want %s", got, tc.ends)
			}
		})
	}
	t.Run("a form with transient_payload twice", func(t *testing.T) {
		n.t = t
		n.rested()
		f := newForm(t, name)
		f.fields["transient_payload"] = []string{`{"two_factor": {"code": "1"}}`, `{"two_factor": {}}`}
		if got := f.postEnding(); got != asked {
			t.Errorf("%s", got)
		}
	})
	t.Run("a form with dotted names", func(t *testing.T) {
		n.t = t
		n.rested()
		f := newForm(t, name)
		f.fields.Set("transient_payload.two_factor.channel", "mobile")
		f.fields.Set("transient_payload[two_factor][channel]", "mobile")
		if got := f.postEnding(); got != asked {
			t.Errorf("%s", got)
		}
	})
}

// These policies read the channel from a header, which a gateway would have to set. Kratos and the hook's body pass no header on unless they
// are told to.
func TestLiesInTheHeaders(t *testing.T) {
	n := started(t, "NIDAN_POLICIES_DIR="+changedPolicies(t, `"channel_header": ""`, `"channel_header": "x-nidan-channel"`))
	name := account(t, nil)
	for header, value := range map[string]string{
		"X-Nidan-Channel": "mobile", "X-Channel": "mobile", "Channel": "desk_phone", "X-Forwarded-For": "127.0.0.1",
		"Forwarded": "for=127.0.0.1;proto=https", "X-Forwarded-Host": "nidan", "True-Client-Ip": "127.0.0.1",
		"User-Agent": "mobile", "Accept-Language": "mobile", "Authorization": "Bearer " + hookToken,
		"Ory-Webhook-Trigger-Id": "the-same", "X-Kratos-Authenticated-Identity-Id": "1", "X-Http-Method-Override": "GET",
	} {
		t.Run(header, func(t *testing.T) {
			n.t = t
			n.rested()
			s := newSignIn(t, name)
			s.header = http.Header{header: {value}}
			if got := s.submit(nil).ending(); got != asked {
				t.Errorf("as a softphone: %s", got)
			}
			f := newForm(t, name)
			f.header = http.Header{header: {value}}
			if got := f.ending(`{}`); got != asked {
				t.Errorf("as a browser: %s", got)
			}
		})
	}
}

func TestLiesInTheAddressOfTheFlow(t *testing.T) {
	n := started(t)
	name := account(t, nil)
	for _, query := range []string{
		"refresh=true", "aal=aal1", "refresh=true&aal=aal1", "return_session_token_exchange_code=true", "type=browser",
		"organization=5f0c8c1e-0000-4000-8000-000000000000", "via=email", "login_hint=x", "channel=mobile",
	} {
		t.Run(query, func(t *testing.T) {
			n.t = t
			n.rested()
			s := newSignIn(t, name)
			s.begin("?"+query, nil)
			if got := s.submit(nil).ending(); got != asked {
				t.Errorf("as a softphone: %s", got)
			}
			f := newForm(t, name)
			f.begin("?" + query)
			if got := f.ending(`{}`); got != asked {
				t.Errorf("as a browser: %s", got)
			}
		})
	}
	for _, path := range []string{
		"login/api?aal=aal2", "login/api?aal=aal2&refresh=true", "login/api?aal=none", "login/api?login_challenge=x",
		"registration/api", "recovery/api", "verification/api",
	} {
		t.Run("there is no flow at "+path, func(t *testing.T) {
			s := &signIn{t: t}
			if status := s.json(http.MethodGet, kratosPublic+"/self-service/"+path, nil, nil, nil); status < http.StatusBadRequest {
				t.Errorf("got %d", status)
			}
		})
	}
}

// A session that began when no code was asked is refreshed when a code is asked.
func TestRefreshingASession(t *testing.T) {
	n := started(t)
	s := newSignIn(t, account(t, nil))
	n.set("two_factor", "admin_console")
	session := s.expectIn(nil)
	n.set("two_factor", "admin_console", "softphone", "remember")
	for query, ends := range map[string]string{
		"refresh=true": asked, "refresh=true&aal=aal1": asked, "aal=aal2": byKratos, "refresh=true&aal=aal2": byKratos,
	} {
		t.Run(query, func(t *testing.T) {
			n.t, s.t = t, t
			n.rested()
			s.begin("?"+query, session)
			if got := s.submit(nil).ending(); got != ends {
				t.Errorf("%s, want %s", got, ends)
			}
			n.expectWorth(session, "softphone not_asked")
		})
	}
	t.Run("with the password of another account, which is asked for no code", func(t *testing.T) {
		n.t, s.t = t, t
		s.begin("?refresh=true", session)
		other := *s
		other.identifier = account(t, func(a *kratos.Account) { a.TwoFactor = false })
		if got := other.submit(nil).ending(); got != letIn {
			t.Errorf("the other account: %s", got)
		}
		n.expectWorth(session, "softphone not_asked")
	})
}
