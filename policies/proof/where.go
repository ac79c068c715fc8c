package proof

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/dependencies"
	"github.com/open-policy-agent/opa/v1/topdown"

	"nidan/policies"
)

// where returns the place that a difference comes from: a rule that holds in the second set only, or else a rule that holds in the
// first set only, or else the data that differs.
func where(ctx context.Context, q policies.Question, in ast.Value, from, to *policies.Engine) string {
	was, is := firedIn(ctx, q, in, from), firedIn(ctx, q, in, to)
	for _, r := range is {
		if !slices.ContainsFunc(was, r.same) {
			return r.place
		}
	}
	for _, r := range was {
		if !slices.ContainsFunc(is, r.same) {
			return inFirstSet + r.place
		}
	}
	_, a := from.Compiled(q)
	c, b := to.Compiled(q)
	read, err := dependencies.Base(c, ast.MustParseRef(q.Query))
	if err != nil {
		return ""
	}
	other := slices.DeleteFunc(otherData("", a, b), func(path string) bool {
		return !slices.ContainsFunc(read, func(r ast.Ref) bool {
			name := strings.TrimPrefix(r.GroundPrefix().String(), "data.")
			return strings.HasPrefix(path, name) || strings.HasPrefix(name, path)
		})
	})
	return "data.json: " + strings.Join(other, ", ")
}

// fired is a rule that held.
type fired struct{ text, place string }

func (r fired) same(other fired) bool { return r.text == other.text }

// firedIn returns the rules that hold for an input. Rules that contain a reason come first.
func firedIn(ctx context.Context, q policies.Question, in ast.Value, e *policies.Engine) []fired {
	t := &firing{}
	_, _ = e.Answer(ctx, q, in, t) // the answer is known already
	slices.SortStableFunc(t.rules, func(a, b fired) int { return cmp.Compare(hasReason(b), hasReason(a)) })
	return t.rules
}

// hasReason returns 1 if a rule contains a constant reason, else 0.
func hasReason(r fired) int {
	if strings.Contains(r.text, `"reason": "`) {
		return 1
	}
	return 0
}

// firing is a tracer that notes the rules that hold.
type firing struct{ rules []fired }

// Enabled implements [topdown.QueryTracer].
func (*firing) Enabled() bool { return true }

// Config implements [topdown.QueryTracer].
func (*firing) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent implements [topdown.QueryTracer].
func (f *firing) TraceEvent(e topdown.Event) {
	rule, ok := e.Node.(*ast.Rule)
	if !ok || e.Op != topdown.ExitOp {
		return
	}
	alone := *rule
	alone.Else = nil
	f.rules = append(f.rules, fired{written(&alone), at(rule.Location)})
}

// otherData returns the paths at which two data differ.
func otherData(path string, a, b any) (all []string) {
	before, ok := a.(map[string]any)
	after, alsoOK := b.(map[string]any)
	if !ok || !alsoOK {
		if fmt.Sprint(a) != fmt.Sprint(b) {
			return []string{path}
		}
		return nil
	}
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	for _, name := range sortedNames(names) {
		all = append(all, otherData(join(path, name), before[name], after[name])...)
	}
	return all
}
