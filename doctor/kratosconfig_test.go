package doctor

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheConfigurationThatShipsIsRight(t *testing.T) {
	expect(t, newScene(t).look())
}

const login, settings = "selfservice/flows/login/after/", "selfservice/flows/settings/"

func TestWhatIsWrongInKratosConfigurationIsFound(t *testing.T) {
	other := map[string]any{"hooks": []any{map[string]any{"hook": "revoke_active_sessions"}}}
	for what, tc := range map[string]struct {
		change func(s *scene)
		want   []string
	}{
		"no hook on a method that is on": {func(s *scene) {
			s.set(login+"hooks", nil)
			s.set(login+"password", nil)
		}, []string{"problem login_hooks.password"}},
		"no hook on a method that is off": {func(s *scene) {
			s.set(login+"hooks", nil)
			s.set(login+"oidc", nil)
		}, []string{"warning login_hooks.oidc"}},
		"no hook on a second factor": {func(s *scene) {
			s.set(login+"hooks", nil)
			s.set(login+"totp", nil)
			s.set(login+"lookup_secret", nil)
		}, []string{"problem login_hooks.lookup_secret", "problem login_hooks.totp"}},
		"no hook on a security key that is on": {func(s *scene) {
			s.set(login+"hooks", nil)
			s.set(login+"webauthn", nil)
			s.set("selfservice/methods/webauthn/enabled", true)
		}, []string{"problem login_hooks.webauthn"}},
		"no hook on a method that Kratos has switched on by itself": {func(s *scene) {
			s.set(login+"hooks", nil)
			s.set(login+"password", nil)
			s.set("selfservice/methods/password", nil)
		}, []string{"problem login_hooks.password"}},
		"no hook on a code that signs in": {func(s *scene) {
			s.set(login+"hooks", nil)
			s.set(login+"code", nil)
			s.set("selfservice/methods/code", map[string]any{"passwordless_enabled": true})
		}, []string{"problem login_hooks.code"}},
		"no hook on a code for recovery alone": {func(s *scene) {
			s.set(login+"hooks", nil)
			s.set(login+"code", nil)
			s.set("selfservice/methods/code", map[string]any{"enabled": true})
		}, []string{"warning login_hooks.code"}},
		"no hook on a method of a later Kratos": {func(s *scene) {
			s.set(login+"hooks", nil)
			s.set("selfservice/methods/saml", map[string]any{"enabled": true})
		}, []string{"problem login_hooks.saml"}},
		"a method whose hooks hide Nidan's": {func(s *scene) { s.set(login+"password", other) }, []string{"problem login_hooks.password"}},
		"another hook before Nidan's": {func(s *scene) {
			flow := s.theirs["selfservice"].(map[string]any)["flows"].(map[string]any)["login"].(map[string]any)["after"].(map[string]any)
			of := flow["password"].(map[string]any)
			flow["password"] = map[string]any{"hooks": append([]any{map[string]any{"hook": "require_verified_address"}}, of["hooks"].([]any)...)}
		}, []string{"warning login_hooks.password"}},
		"an address that is another hook's": {func(s *scene) {
			s.loginHook()["url"] = "http://" + s.cfg.Hooks.Listen + "/hooks/settings?method=password"
		}, []string{"problem login_hooks.password"}},

		"no form": {func(s *scene) { delete(s.loginHook(), "headers") }, []string{"problem hooks_form"}},
		"a form that Kratos does not know for one": {func(s *scene) {
			s.loginHook()["headers"] = map[string]any{"Content-Type": form + "; charset=utf-8"}
		}, []string{"problem hooks_form"}},
		"an answer that is not read":    {func(s *scene) { s.loginHook()["response"] = map[string]any{} }, []string{"problem hooks_parse"}},
		"an answer that is ignored":     {func(s *scene) { s.loginHook()["response"] = map[string]any{"parse": true, "ignore": true} }, []string{"problem hooks_ignore"}},
		"a GET":                         {func(s *scene) { s.loginHook()["method"] = "GET" }, []string{"problem hooks_post"}},
		"another token":                 {func(s *scene) { s.present("Bearer another-token-another-token-another") }, []string{"problem hooks_call", "problem hooks_token"}},
		"a token without its scheme":    {func(s *scene) { s.present(token) }, []string{"problem hooks_call", "problem hooks_token"}},
		"no token":                      {func(s *scene) { delete(s.loginHook(), "auth") }, []string{"problem hooks_call", "problem hooks_token"}},
		"a port that nobody listens on": {func(s *scene) { s.loginHook()["url"] = "http://127.0.0.1:1/hooks/login" }, []string{"problem hooks_call"}},
		"another body":                  {func(s *scene) { s.write("after-password.jsonnet", "function(ctx) error 'cancel'") }, []string{"warning hooks_body"}},
		"a body that is somewhere else": {func(s *scene) { s.loginHook()["body"] = "https://example.com/body.jsonnet" }, []string{"not_checked hooks_body"}},
		"no hooks at all": {func(s *scene) {
			s.set("selfservice/flows/login/after", nil)
			s.set(settings+"before", nil)
			s.set(settings+"after", nil)
		}, []string{
			"not_checked hooks_call", "problem login_hooks.lookup_secret", "problem login_hooks.password", "problem login_hooks.totp",
			"problem settings_hooks.before", "problem settings_hooks.lookup_secret", "problem settings_hooks.password",
			"problem settings_hooks.totp", "problem settings_revoke.password", "warning login_hooks.code", "warning login_hooks.oidc",
			"warning login_hooks.passkey", "warning login_hooks.webauthn", "warning settings_hooks.oidc", "warning settings_hooks.passkey",
			"warning settings_hooks.profile", "warning settings_hooks.webauthn", "warning settings_revoke.lookup_secret",
			"warning settings_revoke.totp",
		}},

		"nothing asked when settings begin":       {func(s *scene) { s.set(settings+"before", nil) }, []string{"problem settings_hooks.before"}},
		"nothing asked before a factor is kept":   {func(s *scene) { s.set(settings+"after/totp", other) }, []string{"problem settings_hooks.totp"}},
		"nothing asked before a provider is kept": {func(s *scene) { s.set(settings+"after/oidc", nil) }, []string{"warning settings_hooks.oidc"}},
		"one method asked in another's name": {func(s *scene) {
			after := s.theirs["selfservice"].(map[string]any)["flows"].(map[string]any)["settings"].(map[string]any)["after"].(map[string]any)
			after["lookup_secret"] = after["totp"]
		}, []string{"problem settings_hooks.lookup_secret"}},
		"a new password that ends no session": {func(s *scene) {
			after := s.theirs["selfservice"].(map[string]any)["flows"].(map[string]any)["settings"].(map[string]any)["after"].(map[string]any)
			after["password"] = map[string]any{"hooks": after["password"].(map[string]any)["hooks"].([]any)[:1]}
		}, []string{"problem settings_revoke.password"}},
		"a recovery that ends no session": {func(s *scene) {
			s.set("selfservice/flows/recovery", map[string]any{"enabled": true})
		}, []string{"problem recovery_revoke"}},
		"a second factor that is not asked for": {func(s *scene) {
			s.set(settings+"required_aal", "aal1")
			s.set("session/whoami", nil)
		}, []string{"warning settings_aal", "warning whoami_aal"}},

		"links past Nidan": {func(s *scene) { s.set("serve/public/base_url", "http://127.0.0.1:4433/") }, []string{"problem kratos_base_url"}},
		"a token that has been changed everywhere in Kratos": {func(s *scene) { s.cfg.Hooks.Tokens = []string{strings.Repeat("n", 40)} }, []string{"problem hooks_token"}},
		"the usual port, said": {func(s *scene) {
			s.cfg.Public.URL = "https://login.example.com"
			s.set("serve/public/base_url", "https://login.example.com:443/")
			s.set("selfservice/allowed_return_urls", []any{"https://login.example.com/"})
			for _, of := range []string{"login", "error"} {
				s.set("selfservice/flows/"+of+"/ui_url", "https://Login.example.com/"+of)
			}
			s.set(settings+"ui_url", "https://login.example.com:443/second-factor")
		}, nil},
		"links that are not said":      {func(s *scene) { s.set("serve/public/base_url", nil) }, []string{"problem kratos_base_url"}},
		"a port for everybody":         {func(s *scene) { s.set("serve/public/host", "0.0.0.0") }, []string{"warning kratos_public_port"}},
		"a port for everybody, unsaid": {func(s *scene) { s.set("serve/public/host", nil) }, []string{"warning kratos_public_port"}},
		"an admin port for everybody":  {func(s *scene) { s.set("serve/admin/host", "::") }, []string{"warning kratos_admin_port"}},
		"cookies of another domain":    {func(s *scene) { s.set("cookies/domain", "example.com") }, []string{"problem cookie_domain"}},
		"a session cookie of another":  {func(s *scene) { s.set("session/cookie", map[string]any{"name": "s", "domain": "example.com"}) }, []string{"problem cookie_domain", "problem cookie_name"}},
		"a page of another origin":     {func(s *scene) { s.set("selfservice/flows/login/ui_url", "http://localhost:4455/login") }, []string{"warning pages"}},
		"another page":                 {func(s *scene) { s.set(settings+"ui_url", "http://127.0.0.1:4455/settings") }, []string{"warning pages"}},
		"no way back":                  {func(s *scene) { s.cfg.Public.ReturnTo = []string{"https://app.example.com"} }, []string{"problem return_urls"}},
		"a way back by a wildcard": {func(s *scene) {
			s.cfg.Public.ReturnTo = []string{"https://app.example.com"}
			s.set("selfservice/allowed_return_urls", []any{"http://127.0.0.1:4455/", "https://*.example.com"})
		}, nil},
		"headers that are not handed on": {func(s *scene) {
			s.set("clients/web_hook/header_allowlist", []any{"User-Agent", "Priority"})
		}, []string{"problem header_allowlist"}},

		"a role among the traits": {func(s *scene) {
			s.write("identity.schema.json", `{"properties": {"traits": {"properties": {"role": {"type": "string"}}}}}`)
		}, []string{"problem traits"}},
		"a flag among the traits": {func(s *scene) {
			s.write("identity.schema.json", `{"properties": {"traits": {"properties": {"two_factor": {"type": "object"}}}}}`)
		}, []string{"problem traits"}},
		"a schema that is somewhere else": {func(s *scene) {
			s.set("identity/schemas", []any{map[string]any{"id": "account", "url": "https://example.com/schema.json"}})
		}, []string{"not_checked traits"}},
		"an address that its holder changes": {func(s *scene) { s.set("selfservice/methods/profile/enabled", true) }, []string{"warning profile"}},
		"the same, unsaid":                   {func(s *scene) { s.set("selfservice/methods/profile", nil) }, []string{"warning profile"}},
	} {
		t.Run(what, func(t *testing.T) {
			s := newScene(t)
			tc.change(s)
			expect(t, s.look(), tc.want...)
		})
	}
}

// present changes the Authorization header of the password's hook.
func (s *scene) present(value string) {
	s.t.Helper()
	auth := maps.Clone(s.loginHook()["auth"].(map[string]any))
	auth["config"] = map[string]any{"in": "header", "name": "Authorization", "value": value}
	s.loginHook()["auth"] = auth
}

// Doctor reads the files as Kratos does: a later file replaces values of an earlier one, and YAML anchors are resolved.
func TestALaterFileCountsMore(t *testing.T) {
	s := newScene(t)
	s.read()
	more := s.write("more.yml", "x: &off {enabled: false}\nselfservice: {methods: {password: *off, oidc: {<<: *off, enabled: true}}}\n")
	k, err := ReadKratosConfig([]string{filepath.Join(s.dir, "kratos.yml"), more})
	if err != nil {
		t.Fatal(err)
	}
	if k.isOn("password") || !k.isOn("oidc") || !k.isOn("totp") {
		t.Errorf("got %v", k.Selfservice.Methods)
	}
	expect(t, Run(t.Context(), Login(k), Settings(k)))
}

func TestAFileThatCannotBeReadIsSaidWithoutWhatStandsInIt(t *testing.T) {
	s := newScene(t)
	for what, content := range map[string]string{
		"an alias that stands for nothing": "value: *" + token,
		"another form":                     "selfservice: " + token,
		"no YAML":                          "a: b: " + token,
	} {
		_, err := ReadKratosConfig([]string{s.write("kratos.yml", content)})
		if err == nil || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := ReadKratosConfig([]string{filepath.Join(s.dir, "nowhere.yml")}); err == nil {
		t.Error("a file that is not there is read")
	}
}
