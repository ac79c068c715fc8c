package policies

import "github.com/open-policy-agent/opa/v1/ast"

// mostNamed is how long a text that is named may be: a symbol is shorter.
const mostNamed = 64

// Names says whether a short text stands, word for word, in the rules of the set or in its data. A reason or a channel that does not was
// put together by a rule, perhaps of what a client said, and there is no end to how many of them there are.
func (e *Engine) Names(text string) bool { return e.named()[text] }

// named are the short texts that stand in the set.
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

// textsIn calls back with each text in some data, and with the name of each member of an object.
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
