package policies

import "github.com/open-policy-agent/opa/v1/ast"

// mostNamed bounds the length of a named text in bytes. A symbol is shorter.
const mostNamed = 64

// Names says whether a short text is a constant in the rules of the set or in its data. A reason or a channel that is not named was
// computed by a rule, perhaps from a claim of the client, so there may be any number of different ones.
func (e *Engine) Names(text string) bool { return e.named()[text] }

func (s *Set) named() map[string]bool {
	found := map[string]bool{}
	add := func(text string) {
		if text != "" && len(text) <= mostNamed {
			found[text] = true
		}
	}
	for _, m := range s.production() {
		ast.WalkTerms(m, func(t *ast.Term) bool {
			if text, ok := t.Value.(ast.String); ok {
				add(string(text))
			}
			return false
		})
	}
	textsIn(s.data, add)
	return found
}

// textsIn calls fn with each text in some data, and with the name of each member of an object.
func textsIn(data any, fn func(string)) {
	switch data := data.(type) {
	case string:
		fn(data)
	case []any:
		for _, v := range data {
			textsIn(v, fn)
		}
	case map[string]any:
		for name, v := range data {
			fn(name)
			textsIn(v, fn)
		}
	}
}
