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

// KratosConfig has the parts of Kratos' configuration that the checks read.
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

	dir string // the folder of the first configuration file; relative file:// paths begin there
}

type flow struct {
	Enabled     bool   `yaml:"enabled"`
	UIURL       string `yaml:"ui_url"`
	RequiredAAL string `yaml:"required_aal"`
	Before      struct{ Hooks []hook }
	After       after
}

// after are the hooks after a flow.
type after struct {
	hooks    []hook            // directly under after
	byMethod map[string][]hook // under after.METHOD
}

// UnmarshalYAML implements [yaml.Unmarshaler]. It skips the keys under after that are no methods, such as default_browser_return_url.
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

// called returns the hooks that Kratos calls after a method: the hooks under the method if there are any, else the hooks directly under
// after (PostLoginHooks in Kratos' driver/registry_default_login.go).
func (a after) called(method string) []hook {
	if own := a.byMethod[method]; len(own) > 0 {
		return own
	}
	return a.hooks
}

// ReadKratosConfig reads Kratos' configuration from files, YAML or JSON. As in Kratos, a value in a later file replaces the value in an
// earlier file, and so does a list. ReadKratosConfig does not see the values in the environment of Kratos.
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
		return nil, errors.New("read Kratos' configuration: it does not match Kratos' schema: start Kratos with it to see where")
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

// quoted matches the parts of the file that the YAML parser repeats in its errors. They may be secrets.
var quoted = regexp.MustCompile("(?s)anchor '[^']*'|`.*`|map key: .*")

func withoutValues(err error) error {
	return errors.New(quoted.ReplaceAllString(err.Error(), "(a value that is not shown)"))
}

// WithoutKratosConfig makes the finding in place of all checks of Kratos' configuration when the operator does not give it.
func WithoutKratosConfig(context.Context) []Finding {
	return []Finding{notChecked("kratos_config", "Kratos' configuration is not given: Kratos may not call Nidan at all",
		"Give Kratos' configuration with --kratos-config.")}
}

// onByDefault are the methods that are on in Kratos if the configuration does not mention them.
var onByDefault = map[string]bool{"password": true, "profile": true, "code": true}

// isOn reports whether a method is on.
func (k *KratosConfig) isOn(method string) bool {
	if enabled, said := k.Selfservice.Methods[method]["enabled"]; said {
		return enabled != false
	}
	return onByDefault[method]
}

// signsIn reports whether people can sign in with a method. The method code can be on for recovery only: people can sign in with it only
// if one of its login settings is on.
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
