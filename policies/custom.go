package policies

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// customRoot is the path of a team's custom rules and data.
const customRoot = "data.custom."

// CustomRefusal is an element of data.custom.login.refuse: a custom rule refuses a sign-in.
type CustomRefusal struct {
	Reason        string  `json:"reason" jsonschema:"required,minLength=1"`
	State         State   `json:"state,omitempty" jsonschema:"enum=refused,enum=sign_in_again,enum=client_too_old"`
	Message       Message `json:"message,omitzero"`
	ForgetDevices bool    `json:"forget_devices"`
}

// CustomChallenge is an element of data.custom.login.challenge: a custom rule asks for a code. The parameters give the terms that
// it leaves out.
type CustomChallenge struct {
	Reason       string     `json:"reason" jsonschema:"required,minLength=1"`
	Code         CustomCode `json:"code"`
	RememberDays int        `json:"remember_days" jsonschema:"minimum=0,maximum=365"`
}

// CustomCode holds terms of a code. Each may be left out.
type CustomCode struct {
	Length             int `json:"length" jsonschema:"minimum=6,maximum=10"`
	TTLSeconds         int `json:"ttl_seconds" jsonschema:"minimum=1,maximum=600"`
	MaxAttempts        int `json:"max_attempts" jsonschema:"minimum=1,maximum=10"`
	ResendAfterSeconds int `json:"resend_after_seconds" jsonschema:"minimum=1,maximum=600"`
}

// CustomReason is an element of the other custom rules.
type CustomReason struct {
	Reason string `json:"reason" jsonschema:"required,minLength=1"`
}

// CustomCapability is an element of data.custom.capabilities: a custom rule takes a capability away, or gives it.
type CustomCapability struct {
	Capability string `json:"capability" jsonschema:"required,minLength=1"`
	Reason     string `json:"reason" jsonschema:"required,minLength=1"`
}

// customAnswers are the custom rules that the shipped policies ask for. Each is a set; the schema describes its elements. A set of
// policies need not have any of these rules.
var customAnswers = []struct{ query, schema string }{
	{customRoot + "login.refuse", "custom_refusal"},
	{customRoot + "login.challenge", "custom_challenge"},
	{customRoot + "login.allow", "custom_reason"},
	{customRoot + "capabilities.refuse", "custom_capability"},
	{customRoot + "capabilities.allow", "custom_capability"},
	{customRoot + "console.refuse", "custom_reason"},
	{customRoot + "console.allow", "custom_reason"},
}

func customPackages() (all []string) {
	for _, a := range customAnswers {
		all = append(all, a.query[:strings.LastIndexByte(a.query, '.')])
	}
	return slices.Compact(all)
}

// isCustomRule says whether a reference leads to one of the custom rules, which may be missing.
func isCustomRule(ref ast.Ref) bool {
	return slices.ContainsFunc(customAnswers, func(a struct{ query, schema string }) bool { return ref.HasPrefix(ast.MustParseRef(a.query)) })
}

// unasked returns the custom rules that no other rule asks for. A misspelt name would switch the rule off, and nobody would notice.
func (e *Engine) unasked() (found []finding) {
	packages, asked := customPackages(), map[string]map[string]bool{} // by reference: the rules that ask for it
	for _, m := range e.compiler.Modules {
		for _, r := range m.Rules {
			asks(r, func(ref string) {
				if asked[ref] == nil {
					asked[ref] = map[string]bool{}
				}
				asked[ref][r.Ref().GroundPrefix().String()] = true
			})
		}
	}
	for _, path := range slices.Sorted(maps.Keys(e.compiler.Modules)) {
		for _, r := range e.compiler.Modules[path].Rules {
			name := r.Ref().GroundPrefix().String()
			if !slices.Contains(packages, r.Module.Package.Path.String()) || isAsked(name, asked) {
				continue
			}
			found = append(found, finding{rule: "custom", at: at(r.Location), err: fmt.Errorf("no rule asks for %s%s", name, orMeant(name, customQueries(r.Module)))})
		}
	}
	return found
}

// asks calls fn with each reference to a rule or to data in a rule.
func asks(r *ast.Rule, fn func(ref string)) {
	ast.WalkRefs(r, func(ref ast.Ref) bool {
		if ref.HasPrefix(ast.DefaultRootRef) {
			fn(ref.GroundPrefix().String())
		}
		return false
	})
}

// isAsked says whether another rule asks for a rule, for a part of it, or for an object that contains it.
func isAsked(name string, asked map[string]map[string]bool) bool {
	for ref, by := range asked {
		if name != ref && !strings.HasPrefix(name, ref+".") && !strings.HasPrefix(ref, name+".") && !strings.HasPrefix(ref, name+"[") {
			continue
		}
		for other := range by {
			if other != name {
				return true
			}
		}
	}
	return false
}

// customQueries returns the custom rules that belong into a module's package.
func customQueries(m *ast.Module) (all []string) {
	for _, a := range customAnswers {
		if strings.HasPrefix(a.query, m.Package.Path.String()+".") {
			all = append(all, a.query)
		}
	}
	return all
}

// wrongCustomRules returns the custom rules that can never have an effect: they are not sets, stand in a test file, have elements
// that are no objects, or have data in their place.
func (s *Set) wrongCustomRules() (found []finding) {
	for _, path := range slices.Sorted(maps.Keys(s.modules)) {
		m := s.modules[path]
		for _, r := range m.Rules {
			query := r.Ref().GroundPrefix()
			switch {
			case !isCustomRule(query):
			case strings.HasSuffix(path, "_test.rego"):
				found = append(found, finding{rule: "custom", at: at(r.Location), err: fmt.Errorf("%s stands in a file of tests, and decides nothing there", query)})
			case r.Head.RuleKind() != ast.MultiValue || r.Default:
				found = append(found, finding{rule: "custom", at: at(r.Location), err: fmt.Errorf("%s must be a set: write \"%s contains {…} if {…}\"", query, r.Head.Name)})
			case ast.IsScalar(r.Head.Key.Value):
				found = append(found, finding{rule: "custom", at: at(r.Location), err: fmt.Errorf("%s must have objects, such as {\"reason\": …}, and has %s", query, r.Head.Key)})
			}
		}
	}
	for _, a := range customAnswers {
		if _, there := lookup(s.data, strings.Split(strings.TrimPrefix(a.query, "data."), ".")); there {
			found = append(found, finding{rule: "custom", err: errors.New(a.query + " is data, and must be rules")})
		}
	}
	return append(found, s.unknownCapabilities()...)
}

// unknownCapabilities returns the capabilities that custom rules name as constants and that the policies do not have.
func (s *Set) unknownCapabilities() (found []finding) {
	var known []string
	channels, _ := s.channels() // wrongChannels reports unreadable channels
	for _, c := range channels {
		for _, capability := range c.Capabilities {
			known = append(known, string(capability))
		}
	}
	free, _ := lookup(s.data, []string{"parameters", "capabilities_without_second_step"})
	if list, ok := free.([]any); ok {
		for _, name := range list {
			known = append(known, fmt.Sprint(name))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(s.production())) {
		m := s.modules[path]
		for _, r := range m.Rules {
			object, ok := cmp.Or(r.Head.Key, ast.NullTerm()).Value.(ast.Object)
			if !ok || m.Package.Path.String() != customRoot+"capabilities" {
				continue
			}
			name := object.Get(ast.StringTerm("capability"))
			if name == nil {
				continue
			}
			if text, ok := name.Value.(ast.String); ok && !slices.Contains(known, string(text)) {
				found = append(found, finding{rule: "custom", at: at(name.Location), err: fmt.Errorf("there is no capability %s%s", text, orMeant(string(text), known))})
			}
		}
	}
	return found
}

// lookup returns the value at a path in data.
func lookup(data any, path []string) (any, bool) {
	for _, name := range path {
		members, ok := data.(map[string]any)
		if !ok {
			return nil, false
		}
		if data, ok = members[name]; !ok {
			return nil, false
		}
	}
	return data, true
}
