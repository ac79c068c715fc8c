package kratos

import (
	_ "embed" // for the files
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The files that Kratos runs with.
var (
	//go:embed kratos.yml
	configFile []byte
	//go:embed identity.schema.json
	identitySchema []byte
	//go:embed after-password.jsonnet
	afterPassword []byte
)

// Run contains the settings in which one run of Kratos differs from another. All other settings are in kratos.yml.
type Run struct {
	PublicPort int    // on 127.0.0.1
	AdminPort  int    // on 127.0.0.1
	BaseURL    string // Nidan's public address, as browsers see it, without a slash at the end
	HookURL    string // the address of Nidan's hooks, without a path
	HookToken  string
	DSN        string // Kratos' database
	Secret     string // at least 32 characters; signs cookies and encrypts
}

// Config returns kratos.yml for one run.
func (r Run) Config() ([]byte, error) {
	var c map[string]any
	if err := yaml.Unmarshal(configFile, &c); err != nil {
		return nil, fmt.Errorf("read kratos.yml: %w", err)
	}
	public, admin := at(c, "serve", "public"), at(c, "serve", "admin")
	public["port"], public["base_url"] = r.PublicPort, r.BaseURL+"/"
	admin["port"], admin["base_url"] = r.AdminPort, fmt.Sprintf("http://127.0.0.1:%d/", r.AdminPort)
	selfservice := at(c, "selfservice")
	selfservice["default_browser_return_url"] = r.BaseURL + "/"
	selfservice["allowed_return_urls"] = []string{r.BaseURL + "/"}
	at(c, "selfservice", "flows", "login")["ui_url"] = r.BaseURL + "/login"
	at(c, "selfservice", "flows", "error")["ui_url"] = r.BaseURL + "/error"
	at(c, "selfservice", "flows", "settings")["ui_url"] = r.BaseURL + "/second-factor"
	for _, hook := range webHooks(selfservice["flows"]) {
		hook["url"] = strings.Replace(hook["url"].(string), fileHookURL, r.HookURL, 1)
		at(hook, "auth", "config")["value"] = "Bearer " + r.HookToken
	}
	c["dsn"] = r.DSN
	c["secrets"] = map[string]any{"cookie": []string{r.Secret}, "cipher": []string{r.Secret[:32]}}
	out, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write kratos.yml: %w", err)
	}
	return out, nil
}

// fileHookURL is the address of Nidan's hooks in kratos.yml.
const fileHookURL = "http://127.0.0.1:4456"

// webHooks returns the configurations of all web hooks in a part of kratos.yml, at any depth. A hook that it missed would keep the address
// in the file, and call nobody.
func webHooks(in any) (found []map[string]any) {
	switch in := in.(type) {
	case []any:
		for _, v := range in {
			found = append(found, webHooks(v)...)
		}
	case map[string]any:
		if in["hook"] == "web_hook" {
			return []map[string]any{at(in, "config")}
		}
		for _, v := range in {
			found = append(found, webHooks(v)...)
		}
	}
	return found
}

// at follows the steps down into maps, and panics at a missing step. The file is embedded, and a test reads all of it, so a missing step is
// our own mistake.
func at(m map[string]any, steps ...string) map[string]any {
	for _, step := range steps {
		m = m[step].(map[string]any)
	}
	return m
}

// HookBody returns the body of Nidan's hooks that ships (after-password.jsonnet).
func HookBody() []byte { return afterPassword }
