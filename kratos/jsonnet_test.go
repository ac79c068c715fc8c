package kratos

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-jsonnet"
)

// evaluate is what Kratos does with the hook's body, a function of the context: it makes a form, whose fields must be strings.
func evaluate(t *testing.T, context string) map[string]any {
	t.Helper()
	vm := jsonnet.MakeVM()
	vm.TLACode("ctx", context)
	out, err := vm.EvaluateAnonymousSnippet("after-password.jsonnet", string(afterPassword))
	if err != nil {
		t.Fatal(err)
	}
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

// recorded is a whole context, as Kratos v1.3.1 gave it to a hook.
func recorded(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// partOf says whether every value of part stands at the same place in whole, and where not.
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
}

func TestOfAnOAuth2LoginOnlyTheClientsIdGoesOut(t *testing.T) {
	body := evaluate(t, `{"flow": {"oauth2_login_request": {"challenge": "secret", "client": {"client_id": "crm", "owner": "x"}}}}`)
	want := map[string]any{"client": map[string]any{"client_id": "crm"}}
	if got := body["flow"].(map[string]any)["oauth2_login_request"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
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
