package kratos

import (
	_ "embed" // for the files
	"fmt"
	"net/url"

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

// Run is what differs between one run of Kratos and another; the rest stands in kratos.yml.
type Run struct {
	PublicPort int    // on 127.0.0.1
	AdminPort  int    // on 127.0.0.1
	BaseURL    string // as browsers see it, without a slash at the end: Nidan's public address
	HookURL    string // Nidan's hooks, without path
	HookToken  string
	DSN        string // Kratos' database
	Secret     string // at least 32 characters; signs cookies and encrypts
}

// Config is kratos.yml for one run.
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
	if err := r.fillInHooks(at(selfservice, "flows")); err != nil {
		return nil, err
	}
	c["dsn"] = r.DSN
	c["secrets"] = map[string]any{"cookie": []string{r.Secret}, "cipher": []string{r.Secret[:32]}}
	out, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write kratos.yml: %w", err)
	}
	return out, nil
}

// fillInHooks gives each web hook its address, and the token. A hook of Nidan's that is left as it is would call nobody, and nobody
// could sign in.
func (r Run) fillInHooks(below any) error {
	switch below := below.(type) {
	case []any:
		for _, v := range below {
			if err := r.fillInHooks(v); err != nil {
				return err
			}
		}
	case map[string]any:
		if below["hook"] == "web_hook" {
			config := at(below, "config")
			shipped, err := url.Parse(config["url"].(string))
			if err != nil {
				return fmt.Errorf("read kratos.yml: %w", err)
			}
			config["url"] = r.HookURL + shipped.Path
			at(config, "auth", "config")["value"] = "Bearer " + r.HookToken
			return nil
		}
		for _, v := range below {
			if err := r.fillInHooks(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// at walks down maps. The file is embedded and a test reads it whole, so a step that is missing is a mistake of ours.
func at(m map[string]any, steps ...string) map[string]any {
	for _, step := range steps {
		m = m[step].(map[string]any)
	}
	return m
}
