package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// KratosConfig is what is read of Kratos' configuration.
type KratosConfig struct {
	Serve struct {
		Public, Admin struct {
			Host    string `yaml:"host"`
			BaseURL string `yaml:"base_url"`
		}
	}
	Identity struct {
		Schemas []struct{ ID, URL string }
	}
	Selfservice struct {
		AllowedReturnURLs []string                  `yaml:"allowed_return_urls"`
		Methods           map[string]map[string]any `yaml:"methods"`
		Flows             struct {
			Error, Login, Settings, Recovery flow
		}
	}
	Cookies struct{ Domain string }
	Session struct {
		Cookie struct{ Name, Domain string }
		Whoami struct {
			RequiredAAL string `yaml:"required_aal"`
		}
	}
	Clients struct {
		WebHook struct {
			HeaderAllowlist []string `yaml:"header_allowlist"`
		} `yaml:"web_hook"`
	}

	dir string // which files in it are beside
}

type flow struct {
	Enabled     bool   `yaml:"enabled"`
	UIURL       string `yaml:"ui_url"`
	RequiredAAL string `yaml:"required_aal"`
	Before      struct{ Hooks []hook }
	After       after
}

// after are the hooks after a flow: those of each method, and those that stand beside the methods.
type after struct {
	hooks    []hook
	byMethod map[string][]hook
}

// UnmarshalYAML implements [yaml.Unmarshaler]. Beside the methods there stand addresses, too, which have no hooks.
func (a *after) UnmarshalYAML(n *yaml.Node) error {
	var all map[string]yaml.Node
	if err := n.Decode(&all); err != nil {
		return err
	}
	a.byMethod = map[string][]hook{}
	for name, v := range all {
		if name == "hooks" {
			if err := v.Decode(&a.hooks); err != nil {
				return err
			}
			continue
		}
		var of struct{ Hooks []hook }
		if v.Kind != yaml.MappingNode {
			continue
		}
		if err := v.Decode(&of); err != nil {
			return err
		}
		a.byMethod[name] = of.Hooks
	}
	return nil
}

// called are the hooks that Kratos calls after a method: its own, or else those that stand beside the methods (PostLoginHooks in
// Kratos' driver/registry_default_login.go).
func (a after) called(method string) []hook {
	if own := a.byMethod[method]; len(own) > 0 {
		return own
	}
	return a.hooks
}

// ReadKratosConfig reads Kratos' configuration from its files, YAML or JSON. As in Kratos, what a later one says counts: a list is in the
// place of the earlier list. What Kratos is told by its environment is not seen.
func ReadKratosConfig(files []string) (*KratosConfig, error) {
	all := map[string]any{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read Kratos' configuration: %w", err)
		}
		var one map[string]any
		if err := yaml.Unmarshal(content, &one); err != nil {
			return nil, fmt.Errorf("read Kratos' configuration: %s: %w", file, withoutValues(err))
		}
		merge(all, one)
	}
	merged, err := yaml.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("read Kratos' configuration: %w", err)
	}
	k := &KratosConfig{dir: filepath.Dir(files[0])}
	if err := yaml.Unmarshal(merged, k); err != nil {
		return nil, errors.New("read Kratos' configuration: it does not have the form that Kratos' schema asks for: kratos validate says where")
	}
	return k, nil
}

func merge(into, more map[string]any) {
	for name, v := range more {
		below, isMap := v.(map[string]any)
		if there, both := into[name].(map[string]any); isMap && both {
			merge(there, below)
			continue
		}
		into[name] = v
	}
}

// quoted is what the parser's errors repeat of a file. It may be a secret.
var quoted = regexp.MustCompile("(?s)anchor '[^']*'|`.*`|map key: .*")

func withoutValues(err error) error {
	return errors.New(quoted.ReplaceAllString(err.Error(), "(a value that is not shown)"))
}

// WithoutKratosConfig says what is not looked at where no configuration of Kratos' is given.
func WithoutKratosConfig(context.Context) []Finding {
	return []Finding{notChecked("kratos_config", "Kratos' configuration is not given: whether Kratos calls Nidan at all is not looked at",
		"Give it with --kratos-config, where Nidan's is.")}
}

// onByDefault are the methods that Kratos has switched on where nothing is said.
var onByDefault = map[string]bool{"password": true, "profile": true, "code": true}

// isOn says whether a method is switched on.
func (k *KratosConfig) isOn(method string) bool {
	if enabled, said := k.Selfservice.Methods[method]["enabled"]; said {
		return enabled != false
	}
	return onByDefault[method]
}

// signsIn says whether somebody can sign in by a method. A code that is mailed also serves recovery, and signs in only where that is
// said.
func (k *KratosConfig) signsIn(method string) bool {
	if method != "code" {
		return k.isOn(method)
	}
	of := k.Selfservice.Methods[method]
	for _, way := range []string{"passwordless_enabled", "mfa_enabled", "passwordless_login_fallback_enabled"} {
		if on, said := of[way]; said && on != false && k.isOn(method) {
			return true
		}
	}
	return false
}
