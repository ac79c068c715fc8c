package proof

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/dependencies"

	"nidan/policies"
)

// alike says whether two sets answer a question with the same rules and the same data. Such sets give the same answers and need no
// walk.
func alike(q policies.Question, from, to *policies.Engine) (bool, error) {
	var means [2][]string
	for i, e := range []*policies.Engine{from, to} {
		c, data := e.Compiled(q)
		var err error
		if means[i], err = dependsOn(c, data, ast.MustParseRef(q.Query)); err != nil {
			return false, err
		}
	}
	return slices.Equal(means[0], means[1]), nil
}

// local matches the names that OPA gives to variables. Their number counts through the whole file, so it differs after a change
// elsewhere.
var local = regexp.MustCompile(`__local\d+__`)

// dependsOn returns everything that an answer depends on besides the input: the text of each rule, and the data that the rules
// read.
func dependsOn(c *ast.Compiler, data map[string]any, query ast.Ref) (all []string, err error) {
	seen := map[*ast.Rule]bool{}
	left := c.GetRulesExact(query)
	for len(left) > 0 {
		rule := left[0]
		left = left[1:]
		if seen[rule] {
			continue
		}
		seen[rule] = true
		all = append(all, written(rule))
		for next := range c.Graph.Dependencies(rule) {
			if r, ok := next.(*ast.Rule); ok {
				left = append(left, r)
			}
		}
	}
	refs, err := dependencies.Base(c, query)
	if err != nil {
		return nil, fmt.Errorf("find out what %s reads: %w", query, err)
	}
	for _, ref := range refs {
		if !ref.HasPrefix(ast.DefaultRootRef) {
			continue
		}
		value, err := json.Marshal(below(data, ref.GroundPrefix()[1:]))
		if err != nil {
			return nil, fmt.Errorf("write down %s: %w", ref, err)
		}
		all = append(all, ref.String()+" is "+string(value))
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// written returns the text of a compiled rule. Its variables are numbered from the beginning of the rule, see [local].
func written(r *ast.Rule) string {
	names := map[string]string{}
	text := r.Module.Package.Path.String() + " " + r.String()
	return local.ReplaceAllStringFunc(text, func(name string) string {
		if names[name] == "" {
			names[name] = fmt.Sprintf("v%d", len(names))
		}
		return names[name]
	})
}

// below returns the value at a path in data. The path ends early where it has a variable or the data has no object.
func below(data any, path ast.Ref) any {
	for _, part := range path {
		name, ok := part.Value.(ast.String)
		members, isObject := data.(map[string]any)
		if !ok || !isObject {
			return data
		}
		data = members[string(name)]
	}
	return data
}
