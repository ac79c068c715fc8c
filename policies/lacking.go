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

// Lacks returns the facts that the policies read to decide a recorded sign-in and that its record does not have, such as
// "account.plan". Either an earlier version did not write them, or they were removed or masked: gone names these places as [Kept]
// does. Without these facts, the decision may differ from the real one.
func (m *Memo) Lacks(ctx context.Context, in map[string]any, gone []string) ([]string, error) {
	var lacking [][]string
	for _, path := range m.known.reads {
		if !has(in, inputType, path) { // almost all records have it
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

// has says whether [notIn] returns nothing.
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

// notIn returns the facts of a path that a decoded value does not have, compared with a type. An optional fact that is missing is a
// fact, so it is not lacking. A name that is not in the type, such as a header's name, is not lacking either.
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

// lookedAt returns those of the given facts that are read while a sign-in is decided. Rules are tried one by one: OPA's index reads
// facts without a trace event.
func (e *Engine) lookedAt(ctx context.Context, in map[string]any, facts [][]string) (found []string, err error) {
	w := &watcher{facts: facts, seen: make([]bool, len(facts))}
	limited, cancel := context.WithTimeout(ctx, 20*e.limit) // tracing is slow
	defer cancel()
	// An error is an error of the decision, too. The reads before it have been noted.
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

// watcher notes which of the given facts are read.
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
			w.note(nil) // the whole input
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
