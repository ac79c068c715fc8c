package hooks

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/google/go-jsonnet"

	"nidan/exchange"
	"nidan/policies"
)

// Kratos can be configured to send the body that ships, or its whole context. Nidan reads both in the same way.
func TestTheWholeContextIsReadLikeTheBodyThatShips(t *testing.T) {
	template, err := os.ReadFile("../kratos/after-password.jsonnet")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"api", "browser"} {
		t.Run(name, func(t *testing.T) {
			whole, err := os.ReadFile("../kratos/testdata/" + name + ".json") // recorded from Kratos v1.3.1
			if err != nil {
				t.Fatal(err)
			}
			vm := jsonnet.MakeVM()
			vm.TLACode("ctx", string(whole))
			form, err := vm.EvaluateAnonymousSnippet("after-password.jsonnet", string(template))
			if err != nil {
				t.Fatal(err)
			}
			var short struct{ Ctx string }
			if err := json.Unmarshal([]byte(form), &short); err != nil {
				t.Fatal(err)
			}
			var inputs []policies.Input
			for _, body := range []string{string(whole), short.Ctx} {
				p, err := decode([]byte(body))
				if err != nil {
					t.Fatal(err)
				}
				s := newScene(t, policies.Shipped())
				who, err := s.hook.Identity.Read(p.Identity)
				if err != nil {
					t.Fatal(err)
				}
				in := policyInput(time.Time{}, call{payload: p, person: who, from: s.hook.originOf(p)}, exchange.Situation{})
				// The whole context has more headers, and policies may read them.
				in.Request.Headers = map[string]string{"accept-language": in.Request.Headers["accept-language"]}
				inputs = append(inputs, in)
				if p.Flow.TransientPayload.TwoFactor.Code != "123456" {
					t.Errorf("the code was not read: %+v", p.Flow.TransientPayload)
				}
			}
			if want, got := asJSON(t, inputs[0]), asJSON(t, inputs[1]); want != got {
				t.Errorf("the whole context gives\n%s\nthe body that ships\n%s", want, got)
			}
			if in := inputs[0]; in.Account.Name != "agent" || in.Account.Email != "agent@example.com" || !in.Account.TwoFactor ||
				in.Request.FlowType != name || in.Request.IP == "" || in.Request.UserAgent != "softphone/3.5.0" ||
				in.Request.Client != (policies.Client{Name: "softphone", Version: "3.5.0"}) {
				t.Errorf("read: %+v", in)
			}
		})
	}
}

// In a refreshed session, the devices of earlier sign-ins come before the device of this sign-in.
func TestWhereASignInComesFromIsItsOwnDevice(t *testing.T) {
	s := newScene(t, policies.Shipped())
	p, err := decode(s.body(object{"session/devices": []any{
		object{"ip_address": "192.0.2.1:1", "user_agent": "earlier"}, object{"ip_address": "198.51.100.1:1", "user_agent": "now"},
	}, rememberAt: true}))
	if err != nil {
		t.Fatal(err)
	}
	c := call{payload: p, from: s.hook.originOf(p)}
	in := policyInput(time.Time{}, c, exchange.Situation{})
	if got := in.Request; got.IP != "198.51.100.1" || got.UserAgent != "now" {
		t.Errorf("the policies are told %s, %s", got.IP, got.UserAgent)
	}
	if d := s.hook.deviceToRemember(c); d.IP != "198.51.100.1" || d.UserAgent != "now" {
		t.Errorf("remembered is %+v", d)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// An OAuth2 client never asks what a session may do. So policies must know that there is one, even if Kratos does not name it.
func TestASignInForAnOAuth2ClientIsToldFromOthers(t *testing.T) {
	for of, want := range map[string]string{
		`{}`: "",
		`{"request_url": "http://127.0.0.1:4455/self-service/login/browser?return_to=%2F"}`:          "",
		`{"request_url": "http://127.0.0.1:4455/self-service/login/browser?login_challenge=a1b2c3"}`: "unknown",
		`{"oauth2_login_challenge": ""}`:      "",
		`{"oauth2_login_challenge": "a1b2c"}`: "unknown",
		`{"oauth2_login_challenge": "a1b2c", "oauth2_login_request": {"client": {"client_id": "crm"}}}`: "crm",
	} {
		var f flow
		if err := json.Unmarshal([]byte(of), &f); err != nil {
			t.Fatal(err)
		}
		if got := policyInput(time.Time{}, call{payload: payload{Flow: f}}, exchange.Situation{}).Request.OAuth2Client; got != want {
			t.Errorf("%s: got %q, want %q", of, got, want)
		}
	}
}
