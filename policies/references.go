package policies

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// strayReferences returns the references to data that does not exist. OPA treats such a reference as undefined, not as an error: a
// misspelt one switches off its rule.
func (e *Engine) strayReferences() (found []finding) {
	type reference struct {
		ref   ast.Ref
		place *ast.Location
	}
	var all []reference
	var read [][]string // names below data that rules read; everything below them is read, too
	for _, path := range slices.Sorted(maps.Keys(e.set.production())) {
		for _, r := range e.compiler.Modules[path].Rules {
			ast.WalkTerms(r, func(t *ast.Term) bool {
				if ref, ok := t.Value.(ast.Ref); ok && ref.HasPrefix(ast.DefaultRootRef) && !isCustomRule(ref) {
					all = append(all, reference{ref, cmp.Or(t.Location, r.Location)})
					read = append(read, stepsOf(ref))
				}
				return false
			})
		}
	}
	for _, one := range all {
		if n, known := e.leads(one.ref); n < len(one.ref) {
			found = append(found, e.stray(one.ref, one.place, n, known, read))
		}
	}
	return found
}

// stepsOf returns the names in a reference below data, up to the first computed name.
func stepsOf(ref ast.Ref) (names []string) {
	for _, t := range ref[1:] {
		name, ok := t.Value.(ast.String)
		if !ok {
			break
		}
		names = append(names, string(name))
	}
	return names
}

// stray reports a reference whose name at index n is not one of the known names. If a similar name is data, it reports the place of
// the data. If no rule reads that data, the data is misspelt, and not the rule.
func (e *Engine) stray(ref ast.Ref, place *ast.Location, n int, known []string, read [][]string) finding {
	f := finding{rule: "reference", at: at(place), alike: ref[:n+1].String()}
	is := "is neither a rule nor data of the set"
	written := ref.GroundPrefix()
	if n < len(written)-1 {
		is += fmt.Sprintf(": there is no %s", ref[:n+1])
	}
	names := stepsOf(ref[:n+1])
	below, name := names[:n-1], names[n-1]
	meant := closest(name, known)
	if meant == "" {
		f.err = fmt.Errorf("%s %s", written, is)
		return f
	}
	data := append(slices.Clone(below), meant)
	where, there := e.set.placeOfData(data)
	if !there {
		f.err = fmt.Errorf("%s %s; is %s meant?", written, is, meant)
		return f
	}
	checked := data[0] == "parameters" && len(data) > 1 // the schema has checked it
	if !checked && !slices.ContainsFunc(read, func(r []string) bool { return prefixed(r, data) || prefixed(data, r) }) {
		f.at, f.err = where, fmt.Errorf("no rule reads data.%s, and rules read %s, which is not there: is %s meant?", strings.Join(data, "."), ref[:n+1], name)
		return f
	}
	f.err = fmt.Errorf("%s %s; is %s (%s) meant?", written, is, meant, where)
	return f
}

func prefixed(names, with []string) bool {
	return len(names) >= len(with) && slices.Equal(names[:len(with)], with)
}

// leads returns how far a reference leads through rules and data, and which names exist at its end. After a rule, a list or a
// computed name, it may lead anywhere.
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
