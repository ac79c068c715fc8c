package kratos

import (
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// As it ships, the password is the only way in.
func TestThePasswordAloneIsSwitchedOn(t *testing.T) {
	var c map[string]any
	if err := yaml.Unmarshal(configFile, &c); err != nil {
		t.Fatal(err)
	}
	methods := at(c, "selfservice", "methods")
	for _, name := range []string{"password", "code", "link", "oidc", "passkey"} {
		enabled := at(methods, name)["enabled"]
		if enabled != (name == "password") {
			t.Errorf("%s: enabled is %v", name, enabled)
		}
	}
	if enabled := at(c, "selfservice", "flows", "registration")["enabled"]; enabled != false {
		t.Errorf("registration: enabled is %v", enabled)
	}
}

// A method without the hook would sign people in without Nidan being asked. Whoever switches one on has to change nothing else.
func TestEachMethodCallsTheHook(t *testing.T) {
	var c map[string]any
	if err := yaml.Unmarshal(configFile, &c); err != nil {
		t.Fatal(err)
	}
	after := at(c, "selfservice", "flows", "login", "after")
	for _, name := range []string{"password", "oidc", "code", "passkey", "webauthn", "totp", "lookup_secret"} {
		method, ok := after[name].(map[string]any)
		if !ok || !reflect.DeepEqual(method["hooks"], after["hooks"]) {
			t.Errorf("%s does not call what others call: %v", name, method)
		}
	}
	// Of a method that has no name there yet: one of a later Kratos.
	hooks := after["hooks"].([]any)
	if len(hooks) != 1 || at(hooks[0].(map[string]any), "config")["url"] != "http://127.0.0.1:4456/hooks/login" {
		t.Errorf("other methods call %v", hooks)
	}
}

func TestARunHasItsOwnAddressesAndSecrets(t *testing.T) {
	raw, err := Run{
		PublicPort: 1, AdminPort: 2, BaseURL: "http://base", HookURL: "http://hook", HookToken: "the-token", DSN: "sqlite://x",
		Secret: strings.Repeat("s", 40),
	}.Config()
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range []string{"4433", "4434", "4455", "4456", "put-one-of"} {
		if strings.Contains(string(raw), old) {
			t.Errorf("%s is still there:\n%s", old, raw)
		}
	}
	for _, want := range []string{
		"http://base/login", "http://base/error", "http://hook/hooks/login\n", "http://hook/hooks/settings/after-password", "Bearer the-token", "dsn: sqlite://x",
	} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s is missing:\n%s", want, raw)
		}
	}
}

// Sent as JSON, the call can be skipped by what a client sends. The end-to-end tests try it.
func TestTheHookIsCalledWithAForm(t *testing.T) {
	var c map[string]any
	if err := yaml.Unmarshal(configFile, &c); err != nil {
		t.Fatal(err)
	}
	for flow, after := range map[string]map[string]any{
		"login":    at(c, "selfservice", "flows", "login", "after"),
		"settings": at(c, "selfservice", "flows", "settings", "after", "password"),
	} {
		hooks := after["hooks"].([]any)
		for _, hook := range hooks {
			hook := hook.(map[string]any)
			if hook["hook"] != "web_hook" {
				continue
			}
			if got := at(hook, "config", "headers")["Content-Type"]; got != "application/x-www-form-urlencoded" {
				t.Errorf("%s: Content-Type is %v", flow, got)
			}
		}
		if len(hooks) == 0 {
			t.Errorf("%s: there is no hook", flow)
		}
	}
}

// Whoever knew the old password may still be signed in. Nidan is asked first: Kratos calls the hooks in their order.
func TestOlderSessionsEndWithANewPassword(t *testing.T) {
	var c map[string]any
	if err := yaml.Unmarshal(configFile, &c); err != nil {
		t.Fatal(err)
	}
	for how, after := range map[string]map[string]any{
		"web_hook revoke_active_sessions": at(c, "selfservice", "flows", "settings", "after", "password"),
		"revoke_active_sessions":          at(c, "selfservice", "flows", "recovery", "after"),
	} {
		var names []string
		for _, hook := range after["hooks"].([]any) {
			names = append(names, hook.(map[string]any)["hook"].(string))
		}
		if got := strings.Join(names, " "); got != how {
			t.Errorf("got %s, want %s", got, how)
		}
	}
}
