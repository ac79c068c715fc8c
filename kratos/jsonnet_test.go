package kratos

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-jsonnet"
)

// interpret evaluates the hook's body, a function of the context, as Kratos' Jsonnet interpreter does.
func interpret(t *testing.T, context string) string {
	t.Helper()
	vm := jsonnet.MakeVM()
	vm.TLACode("ctx", context)
	out, err := vm.EvaluateAnonymousSnippet("after-password.jsonnet", string(afterPassword))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// evaluate returns the content of the form that Kratos sends. Kratos makes a form of the result, whose members must be strings.
func evaluate(t *testing.T, context string) map[string]any {
	t.Helper()
	out := interpret(t, context)
	var form map[string]string
	if err := json.Unmarshal([]byte(out), &form); err != nil || len(form) != 1 {
		t.Fatalf("no form with one field (%v): %s", err, out)
	}
	return object(t, form["ctx"])
}

func object(t *testing.T, text string) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// recorded returns a whole context that Kratos v1.3.1 gave to a hook.
func recorded(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// partOf adds to missing each place where part has another value than whole.
func partOf(part, whole any, at string, missing *[]string) {
	p, isMap := part.(map[string]any)
	w, wholeIsMap := whole.(map[string]any)
	if isMap && wholeIsMap {
		for k, v := range p {
			partOf(v, w[k], at+"/"+k, missing)
		}
		return
	}
	ps, isList := part.([]any)
	ws, wholeIsList := whole.([]any)
	if isList && wholeIsList && len(ps) == len(ws) {
		for i := range ps {
			partOf(ps[i], ws[i], at, missing)
		}
		return
	}
	if !reflect.DeepEqual(part, whole) {
		*missing = append(*missing, at)
	}
}

func TestTheBodyIsAPartOfTheContext(t *testing.T) {
	for _, name := range []string{"api.json", "browser.json"} {
		t.Run(name, func(t *testing.T) {
			context := recorded(t, name)
			body := evaluate(t, context)
			var missing []string
			partOf(body, object(t, context), "", &missing)
			if len(missing) > 0 {
				t.Errorf("not as in the context: %v", missing)
			}
			raw, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			for _, needed := range []string{
				"flow/id", "flow/type", "flow/requested_aal", "flow/transient_payload/two_factor/code", "identity/id", "identity/state",
				"identity/traits/account", "identity/traits/email", "identity/metadata_public/role",
				"identity/metadata_public/two_factor/enabled", "session/authenticated_at", "session/devices",
				"request_headers/Accept-Language", "request_headers/User-Agent",
			} {
				if !has(body, needed) {
					t.Errorf("%s is missing in %s", needed, raw)
				}
			}
			for _, secret := range []string{"kept", "csrf", "ory_kratos_session", "nodes"} {
				if strings.Contains(string(raw), secret) {
					t.Errorf("%q goes out: %s", secret, raw)
				}
			}
		})
	}
}

func has(m map[string]any, path string) bool {
	var at any = m
	for step := range strings.SplitSeq(path, "/") {
		members, ok := at.(map[string]any)
		if !ok {
			return false
		}
		if at, ok = members[step]; !ok {
			return false
		}
	}
	return true
}

func TestOfTheCookiesOnlyOursGoOut(t *testing.T) {
	body := evaluate(t, recorded(t, "browser.json"))
	want := map[string]any{"nidan_device": "device-token", "__Host-nidan_device": "secure-device-token"}
	if got := body["request_cookies"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	want = map[string]any{"nidan_device": "a", "nidan_device_next": "b", "__Host-nidan_device_next": "c"}
	body = evaluate(t, `{"request_cookies": {"nidan_device": "a", "nidan_device_next": "b", "__Host-nidan_device_next": "c", "x": "d"}}`)
	if got := body["request_cookies"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOfAnOAuth2LoginOnlyTheClientsIdGoesOut(t *testing.T) {
	body := evaluate(t, `{"flow": {"oauth2_login_request": {"challenge": "secret", "client": {"client_id": "crm", "owner": "x"}}}}`)
	want := map[string]any{"client": map[string]any{"client_id": "crm"}}
	if got := body["flow"].(map[string]any)["oauth2_login_request"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestThatASignInIsForAnOAuth2ClientGoesOutWithoutItsChallenge(t *testing.T) {
	body := evaluate(t, `{"flow": {"oauth2_login_challenge": "secret-of-hydra"}}`)
	if got := body["flow"].(map[string]any)["oauth2_login_challenge"]; got != "secre" {
		t.Errorf("got %v", got)
	}
}

func TestOfWhatAClientSaysOnlyWhatIsKnownGoesOut(t *testing.T) {
	for says, want := range map[string]string{
		`{"two_factor": {"code": "1", "action": "resend", "remember": true, "device_token": "t", "locale": "en",
			"client": {"name": "softphone", "version": "3.5.0"}}, "code": "2"}`: `{"two_factor": {"code": "1", "action": "resend",
			"remember": true, "device_token": "t", "locale": "en", "client": {"name": "softphone", "version": "3.5.0"}}}`,
		`{"TWO_FACTOR": {"code": "1"}}`:                                 `{}`,
		`{"two_factor": {"Code": "1", "channel": "mobile"}}`:            `{"two_factor": {}}`,
		`{"two_factor": {"client": {"Version": "3.5.0", "name": "x"}}}`: `{"two_factor": {"client": {"name": "x"}}}`,
		`{"two_factor": {"client": "softphone", "code": 1}}`:            `{"two_factor": {"client": "softphone", "code": 1}}`,
		`{"two_factor": {"code": {"a": 1}, "locale": ["ja"]}}`:          `{"two_factor": {"code": {}, "locale": []}}`,
		`{"two_factor": [{"code": "1"}]}`:                               `{"two_factor": []}`,
		`{"two_factor": null}`:                                          `{}`,
	} {
		got := evaluate(t, `{"flow": {"transient_payload": `+says+`}}`)["flow"].(map[string]any)["transient_payload"]
		if !reflect.DeepEqual(got, any(object(t, want))) {
			t.Errorf("of %s goes out %v, want %s", says, got, want)
		}
	}
}

func TestWhereTheClientIsGoesOut(t *testing.T) {
	body := evaluate(t, `{"request_headers": {"True-Client-Ip": ["203.0.113.9", "192.0.2.1"], "Priority": ["u=3, nidan=\"1.x\""],
		"X-Forwarded-For": ["192.0.2.1"], "Origin": ["x"]}}`)
	want := map[string]any{"True-Client-Ip": []any{"203.0.113.9"}, "Priority": []any{`u=3, nidan="1.x"`}}
	if got := body["request_headers"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOfTheDevicesThisSignInsGoesOut(t *testing.T) {
	body := evaluate(t, `{"session": {"devices": [{"ip_address": "earlier"}, {"ip_address": "now", "user_agent": "softphone"}]}}`)
	want := []any{map[string]any{"ip_address": "now", "user_agent": "softphone"}}
	if got := body["session"].(map[string]any)["devices"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Kratos reads the result of its interpreter up to 64 KB. A longer result breaks the interpreter for the sign-ins that follow. No letter
// takes more room in the result than the letter below: seven bytes.
func TestNoClientCanMakeTheBodyTooLong(t *testing.T) {
	long, err := json.Marshal(strings.Repeat("\u0080", 100<<10))
	if err != nil {
		t.Fatal(err)
	}
	deep := strings.Repeat(`{"a": `, 100) + string(long) + strings.Repeat("}", 100)
	for name, said := range map[string]string{
		"texts": `{"code": LONG, "action": LONG, "remember": LONG, "device_token": LONG, "locale": LONG,
			"client": {"name": LONG, "version": LONG}}`,
		"objects": `{"code": DEEP, "action": DEEP, "remember": DEEP, "device_token": DEEP, "locale": DEEP,
			"client": {"name": DEEP, "version": DEEP}, "other": DEEP}`,
		"lists": `{"code": [LONG], "client": [LONG]}`, "one text": `LONG`, "one object": `DEEP`, "one list": `[LONG, DEEP]`,
	} {
		t.Run(name, func(t *testing.T) {
			context := strings.NewReplacer("LONG", string(long), "DEEP", deep).Replace(`{
				"flow": {"return_to": LONG, "request_url": LONG, "transient_payload": {"two_factor": ` + said + `}},
				"session": {"devices": [{"user_agent": LONG}, {"ip_address": LONG, "user_agent": LONG}]},
				"request_headers": {"User-Agent": [LONG, LONG, LONG], "Accept-Language": [LONG, LONG, LONG], "X": LONG,
					"True-Client-Ip": [LONG, LONG], "Priority": [LONG, LONG]},
				"request_cookies": {"nidan_device": LONG, "__Host-nidan_device": LONG, "other": LONG}}`)
			// The traits come on top. The schema limits them to about 850 letters.
			if got := len(interpret(t, context)); got > 64<<10-7*850 {
				t.Errorf("%d bytes", got)
			}
		})
	}
}

func TestAnEmptyContextIsNoError(t *testing.T) {
	for _, context := range []string{
		"{}", "null", `{"flow": null, "identity": null, "session": null, "request_headers": null, "request_cookies": null}`,
		`{"flow": {"transient_payload": null}, "identity": {"traits": null, "metadata_public": null}, "session": {"devices": null}}`,
		`{"flow": [], "identity": "x", "session": {"devices": {}}, "request_cookies": [1]}`,
	} {
		if body := evaluate(t, context); body["flow"] == nil || body["identity"] == nil {
			t.Errorf("%s: %v", context, body)
		}
	}
}

func TestTheHookCannotCancelItself(t *testing.T) {
	for line := range strings.Lines(string(afterPassword)) {
		code, _, _ := strings.Cut(line, "//")
		if strings.Contains(code, "error") {
			t.Errorf("Kratos signs in when the body fails: %s", line)
		}
	}
}

// In a settings flow, the flow contains the account as Kratos keeps it, and the context contains the account as it is to become.
func TestOfAChangeTheAccountAsItIsKeptGoesOutBesideWhatItIsToBecome(t *testing.T) {
	body := evaluate(t, `{"flow": {"id": "f", "identity": {"id": "1", "state": "active", "schema_id": "x", "traits": {"email": "old@example.com",
		"account": "a", "other": 1}, "metadata_public": {"role": "user", "other": 1}}},
		"identity": {"id": "1", "state": "active", "traits": {"email": "new@example.com"}}}`)
	kept := body["flow"].(map[string]any)["identity"]
	if want := object(t, `{"id": "1", "state": "active", "traits": {"account": "a", "email": "old@example.com"}, "metadata_public": {"role": "user"}}`); !reflect.DeepEqual(kept, any(want)) {
		t.Errorf("kept is %v, want %v", kept, want)
	}
	if got := body["identity"].(map[string]any)["traits"].(map[string]any)["email"]; got != "new@example.com" {
		t.Errorf("it is to have the address %v", got)
	}
	// When a settings flow only begins, Kratos does not say what the account is to become.
	body = evaluate(t, `{"flow": {"id": "f", "identity": {"id": "1", "state": "active", "traits": {"account": "a"}}}}`)
	if !reflect.DeepEqual(body["identity"], body["flow"].(map[string]any)["identity"]) {
		t.Errorf("got %v", body)
	}
}
