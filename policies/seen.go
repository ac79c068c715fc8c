package policies

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// look runs failed tests again with a trace, and returns for each test and case what was found instead of the expected values. A
// trace takes much longer than the test, so only the first [mostSaid] are traced. The names include the package.
func (s *Set) look(ctx context.Context, names []string) (map[string]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	slices.Sort(names)
	var any []string
	for _, name := range names[:min(len(names), mostSaid)] {
		any = append(any, regexp.QuoteMeta("data."+name))
	}
	compiler, err := newCompiler()
	if err != nil {
		return nil, err
	}
	copies := make(map[string]*ast.Module, len(s.modules))
	for path, m := range s.modules {
		copies[path] = m.Copy()
		for _, r := range copies[path].Rules {
			nameTest(r.Head)
		}
	}
	store := inmem.NewFromObject(s.data)
	txn, err := store.NewTransaction(ctx, storage.TransactionParams{})
	if err != nil {
		return nil, fmt.Errorf("run the tests that fail: %w", err)
	}
	defer store.Abort(ctx, txn)
	results, err := tester.NewRunner().SetCompiler(compiler.WithRewriteTestRules(true)).SetStore(store).SetModules(copies).
		RaiseBuiltinErrors(true).SetTimeout(testWithin).SetParallel(1).EnableTracing(true).
		Filter("^("+strings.Join(any, "|")+")$").RunTests(ctx, txn)
	if err != nil {
		return nil, fmt.Errorf("run the tests that fail: %w", err)
	}
	seen := map[string]string{}
	for r := range results {
		name := strings.TrimPrefix(r.Package, "data.") + "." + r.Name
		seen[name] = lastFailure(r.Trace, r.Location.File)
		for path, sub := range r.SubResults.Iter {
			seen[name+"/"+strings.Join(path, "/")] = lastFailure(sub.Trace, r.Location.File)
		}
	}
	return seen, nil
}

// nameTest gives a test with cases the name of a plain test: OPA keeps the two sides of a comparison only in rules whose name is
// that of a test.
func nameTest(h *ast.Head) {
	if len(h.Reference) == 0 || h.Name != "" {
		return
	}
	if name, ok := h.Reference[0].Value.(ast.Var); ok && strings.HasPrefix(string(name), tester.TestPrefix) {
		h.Name = name
	}
}

// lastFailure describes the last expression that failed in a file. It is empty if there is none.
func lastFailure(trace []*topdown.Event, file string) string {
	for _, e := range slices.Backward(trace) {
		expr, ok := e.Node.(*ast.Expr)
		if !ok || e.Op != topdown.FailOp || e.Location == nil || e.Location.File != file || expr.IsEvery() {
			continue
		}
		return at(e.Location) + ": " + failed(expr, e.Locals)
	}
	return ""
}

// failed describes how an expression failed.
func failed(expr *ast.Expr, locals *ast.ValueMap) string {
	operands := expr.Operands()
	if expr.Generated && len(operands) == 2 && operands[1].Location != nil {
		return source(operands[1].Location) + " has no value"
	}
	text := source(expr.Location)
	if expr.IsEquality() && !expr.Negated {
		got, expected := operands[0], operands[1]
		if ast.IsConstant(got.Value) {
			got, expected = expected, got
		}
		have, want := valueIn(got, locals), valueIn(expected, locals)
		switch {
		case have != nil && want != nil:
			return text + ": " + compared(have, want)
		case isReference(expected) && have == nil && want == nil && expected.Location != nil: // got := login.decision
			return source(expected.Location) + " has no value"
		}
	}
	var are []string
	for _, o := range operands {
		if v := valueIn(o, locals); v != nil && !ast.IsConstant(o.Value) && o.Location != nil {
			are = append(are, source(o.Location)+" is "+brief(v))
		}
	}
	if len(are) == 0 {
		return text
	}
	return text + ": " + strings.Join(are, ", ")
}

func isReference(t *ast.Term) bool {
	ref, ok := t.Value.(ast.Ref)
	return ok && ref.HasPrefix(ast.DefaultRootRef)
}

// compared describes two values. Of large objects, it shows only what differs.
func compared(have, want ast.Value) string {
	differing := ""
	if h, ok := have.(ast.Object); ok && max(len(have.String()), len(want.String())) > mostBrief {
		if w, ok := want.(ast.Object); ok {
			have, want = without(h, w), without(w, h)
			differing = ", where they differ"
		}
	}
	return fmt.Sprintf("got %s, expected %s%s", brief(have), brief(want), differing)
}

// without returns an object without the members that are equal in another one.
func without(o, other ast.Object) ast.Object {
	left := ast.NewObject()
	o.Foreach(func(k, v *ast.Term) {
		there := other.Get(k)
		if there != nil && there.Equal(v) {
			return
		}
		if there != nil {
			below, ok := v.Value.(ast.Object)
			if otherBelow, also := there.Value.(ast.Object); ok && also {
				v = ast.NewTerm(without(below, otherBelow))
			}
		}
		left.Insert(k, v)
	})
	return left
}

// valueIn returns the value that a term had, or nil if it is not known.
func valueIn(t *ast.Term, locals *ast.ValueMap) ast.Value {
	switch v := t.Value.(type) {
	case ast.Var:
		return locals.Get(v)
	case ast.Ref:
		of := locals.Get(v[0].Value)
		if of == nil {
			return nil
		}
		found, err := of.Find(v[1:])
		if err != nil {
			return nil
		}
		return found
	}
	filled, err := ast.TransformVars(t.Copy(), func(v ast.Var) (ast.Value, error) {
		if value := locals.Get(v); value != nil {
			return value, nil
		}
		return v, nil
	})
	if value, ok := filled.(ast.Value); ok && err == nil && ast.IsConstant(value) {
		return value
	}
	return nil
}
