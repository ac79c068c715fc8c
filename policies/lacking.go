package policies

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Lacks are the facts that the policies read to decide a sign-in that was recorded, and that its record does not have: "account.plan".
// An earlier version of the program did not write them, or they were taken out or masked, at the places gone, as [Kept] names them. What
// is decided without them need not be what would have been decided.
func (m *Memo) Lacks(ctx context.Context, in map[string]any, gone []string) ([]string, error) {
	var lacking [][]string
	for _, path := range m.known.reads {
		if !has(in, inputType, path) { // as almost all do
			lacking = append(lacking, notIn(in, inputType, path, nil)...)
		}
	}
	for _, pointer := range gone {
		if names, ok := strings.CutPrefix(pointer, "/input"); ok && names != "" && m.ReadsAny([]string{pointer}) {
			lacking = append(lacking, namesIn(pointer)[1:])
		}
	}
	if len(lacking) == 0 {
		return nil, nil
	}
	return m.lacking.of(in, lacking, func() ([]string, error) { return m.engine.lookedAt(ctx, in, lacking) })
}

var inputType = reflect.TypeFor[Input]()

// has says whether there is nothing that is [notIn].
func has(in any, t reflect.Type, path []string) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.Implements(marshaler) {
		return true
	}
	object, _ := in.(map[string]any)
	for i, m := range membersOf(t) {
		if len(path) > 0 && path[0] != m.name {
			continue
		}
		value, there := object[m.name]
		if !there && !m.optional || there && !has(value, t.Field(i).Type, path[min(1, len(path)):]) {
			return false
		}
	}
	return true
}

// notIn are the facts of a path, in a value of that type, that a decoded value does not have. What may be left out is not lacking
// where it is: that is a fact like another. Nor is what is not in the type, as a header's name.
func notIn(in any, t reflect.Type, path, above []string) (lacking [][]string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.Implements(marshaler) {
		return nil
	}
	object, _ := in.(map[string]any)
	for i, m := range membersOf(t) {
		if len(path) > 0 && path[0] != m.name {
			continue
		}
		value, there := object[m.name]
		below := append(slices.Clone(above), m.name)
		switch {
		case there:
			lacking = append(lacking, notIn(value, t.Field(i).Type, path[min(1, len(path)):], below)...)
		case !m.optional:
			lacking = append(lacking, append(below, path[min(1, len(path)):]...))
		}
	}
	return lacking
}

// lookedAt are those of some facts that are read while a sign-in is decided. Rules are tried one by one, without OPA's index, which
// reads facts and does not say so.
func (e *Engine) lookedAt(ctx context.Context, in map[string]any, facts [][]string) (found []string, err error) {
	w := &watcher{facts: facts, seen: make([]bool, len(facts))}
	limited, cancel := context.WithTimeout(ctx, 20*e.limit) // tracing takes its time
	defer cancel()
	// An error is one that the decision has, too. It has been noted until then what is read.
	_, err = e.login.Eval(limited, rego.EvalInput(in), rego.EvalQueryTracer(w), rego.EvalRuleIndexing(false))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for i, seen := range w.seen {
		if seen || limited.Err() != nil {
			found = append(found, strings.Join(facts[i], "."))
		}
	}
	return found, nil
}

// watcher notes which of some facts are read.
type watcher struct {
	facts [][]string
	seen  []bool
}

var _ topdown.QueryTracer = (*watcher)(nil)

// Enabled implements [topdown.QueryTracer].
func (*watcher) Enabled() bool { return true }

// Config implements [topdown.QueryTracer].
func (*watcher) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent implements [topdown.QueryTracer].
func (w *watcher) TraceEvent(e topdown.Event) {
	expr, ok := e.Node.(*ast.Expr)
	if !ok || e.Op != topdown.EvalOp {
		return
	}
	ast.WalkRefs(expr, func(ref ast.Ref) bool {
		if ref.HasPrefix(ast.InputRootRef) {
			w.note(pathOf(ref))
		}
		return false
	})
	ast.WalkTerms(expr, func(t *ast.Term) bool {
		if v, isVar := t.Value.(ast.Var); isVar && v.Equal(ast.InputRootDocument.Value) {
			w.note(nil) // the input as a whole
		}
		_, isRef := t.Value.(ast.Ref)
		return isRef
	})
}

func (w *watcher) note(path []string) {
	for i, fact := range w.facts {
		n := min(len(fact), len(path))
		w.seen[i] = w.seen[i] || slices.Equal(fact[:n], path[:n])
	}
}
