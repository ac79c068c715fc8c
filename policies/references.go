package policies

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// strayReferences are the references to data that there is not. To OPA they are undefined and no error: a misspelt one switches off the
// rule that it stands in.
func (e *Engine) strayReferences() (found []finding) {
	for _, path := range slices.Sorted(maps.Keys(e.set.production())) {
		for _, r := range e.compiler.Modules[path].Rules {
			ast.WalkTerms(r, func(t *ast.Term) bool {
				ref, ok := t.Value.(ast.Ref)
				if !ok || !ref.HasPrefix(ast.DefaultRootRef) || isCustomRule(ref) {
					return false
				}
				if n, known := e.leads(ref); n < len(ref) {
					found = append(found, finding{at: at(cmp.Or(t.Location, r.Location)), err: stray(ref, n, known), alike: ref[:n+1].String()})
				}
				return false
			})
		}
	}
	return found
}

// stray says that a reference leads as far as a name that is none of the known ones.
func stray(ref ast.Ref, n int, known []string) error {
	is := "is neither a rule nor data of the set"
	written := ref.GroundPrefix()
	if n < len(written)-1 {
		is += fmt.Sprintf(": there is no %s", ref[:n+1])
	}
	name, _ := ref[n].Value.(ast.String)
	return fmt.Errorf("%s %s%s", written, is, nearest(string(name), known))
}

// leads says how far a reference leads through rules and data, and which names there are where it ends. Behind a rule, a list or a name
// that is worked out, it may lead anywhere.
func (e *Engine) leads(ref ast.Ref) (n int, known []string) {
	rules := e.compiler.RuleTree.Child(ref[0].Value)
	var data any = e.set.data
	for n = 1; n < len(ref); n++ {
		name, ok := ref[n].Value.(ast.String)
		members, isObject := data.(map[string]any)
		if _, isList := data.([]any); !ok || isList {
			return len(ref), nil
		}
		known = slices.Collect(maps.Keys(members))
		if rules != nil {
			for k := range rules.Children {
				known = append(known, strings.Trim(fmt.Sprint(k), `"`))
			}
			rules = rules.Child(ref[n].Value)
		}
		if rules != nil && len(rules.Values) > 0 {
			return len(ref), nil
		}
		below, there := members[string(name)]
		if data = below; rules == nil && !(isObject && there) {
			return n, known
		}
	}
	return n, nil
}
