package kratos

import (
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// As the file ships, people can get in with the password only.
func TestThePasswordAloneIsSwitchedOn(t *testing.T) {
	c := asShipped(t)
	methods := at(c, "selfservice", "methods")
	for _, name := range []string{"password", "code", "link", "oidc", "passkey", "webauthn", "totp", "lookup_secret"} {
		enabled := at(methods, name)["enabled"]
		// Kratos asks for totp and lookup_secret after the password. Alone, they are no way in.
		if enabled != (name == "password" || name == "totp" || name == "lookup_secret") {
			t.Errorf("%s: enabled is %v", name, enabled)
		}
	}
	if enabled := at(c, "selfservice", "flows", "registration")["enabled"]; enabled != false {
		t.Errorf("registration: enabled is %v", enabled)
	}
}

func asShipped(t *testing.T) (c map[string]any) {
	t.Helper()
	if err := yaml.Unmarshal(configFile, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// Kratos itself asks people who have enrolled a second factor for this factor: for each application that asks only Kratos, and before a
// step for which Kratos calls no hook (showing the recovery codes).
func TestKratosItselfAsksForASecondFactorThatIsEnrolled(t *testing.T) {
	c := asShipped(t)
	for _, of := range []map[string]any{at(c, "session", "whoami"), at(c, "selfservice", "flows", "settings")} {
		if of["required_aal"] != "highest_available" {
			t.Errorf("required_aal is %v", of["required_aal"])
		}
	}
}

// Kratos calls hooks directly under "after" only after it has made the change. So a method without hooks of its own is not guarded. This
// holds for methods that are off for now too: somebody may switch them on.
func TestNidanIsAskedBeforeEachMethodOfTheSettingsChangesAnything(t *testing.T) {
	settings := at(asShipped(t), "selfservice", "flows", "settings")
	where := map[string]map[string]any{"any": at(settings, "before")}
	for _, method := range []string{"password", "totp", "lookup_secret", "webauthn", "passkey", "oidc", "profile"} {
		where[method] = at(settings, "after", method)
	}
	for method, of := range where {
		first := of["hooks"].([]any)[0].(map[string]any)
		if first["hook"] != "web_hook" {
			t.Fatalf("%s: the first hook is %v", method, first["hook"])
		}
		hook := at(first, "config")
		if hook["url"] != fileHookURL+"/hooks/settings?method="+method || at(hook, "response")["parse"] != true {
			t.Errorf("%s: the hook is %v", method, hook)
		}
	}
	if got := len(at(settings, "after")); got != len(where)-1 {
		t.Errorf("%d methods have hooks", got)
	}
}

// A method without the hook would sign people in without asking Nidan. An operator who switches a method on has to change nothing else.
func TestEachMethodCallsTheHook(t *testing.T) {
	after := at(asShipped(t), "selfservice", "flows", "login", "after")
	for _, name := range []string{"password", "oidc", "code", "passkey", "webauthn", "totp", "lookup_secret"} {
		method, ok := after[name].(map[string]any)
		if !ok || !reflect.DeepEqual(method["hooks"], after["hooks"]) {
			t.Errorf("%s does not call what others call: %v", name, method)
		}
	}
	// Methods without an entry of their own, such as methods of a later Kratos, call these hooks.
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
		"http://base/login", "http://base/error", "http://hook/hooks/login\n", "http://hook/hooks/settings?method=password", "http://hook/hooks/settings?method=totp", "http://base/second-factor", "Bearer the-token", "dsn: sqlite://x",
	} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s is missing:\n%s", want, raw)
		}
	}
}

// With a JSON body, a client can make Kratos skip the call. The end-to-end tests try this.
func TestTheHookIsCalledWithAForm(t *testing.T) {
	hooks := webHooks(asShipped(t))
	for _, hook := range hooks {
		if got := at(hook, "headers")["Content-Type"]; got != "application/x-www-form-urlencoded" {
			t.Errorf("%s: Content-Type is %v", hook["url"], got)
		}
	}
	if len(hooks) < 9 {
		t.Errorf("there are %d hooks", len(hooks))
	}
}

// A person who knew the old password may still be signed in. Nidan is asked first: Kratos calls the hooks in their order.
func TestOlderSessionsEndWithANewPassword(t *testing.T) {
	c := asShipped(t)
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
