package policies

import (
	"context"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Explanation is how a decision on a sign-in came about.
type Explanation struct {
	Decision Decision `json:"decision"`
	Error    string   `json:"error,omitempty"` // why there is none
	Rules    []Tried  `json:"rules"`           // in the order in which they were tried
}

// Tried is a rule that was tried.
type Tried struct {
	Rule     string `json:"rule"`              // "nidan.asked.account_off"
	Title    string `json:"title,omitempty"`   // of its annotation
	Location string `json:"location"`          // "asked/asked.rego:58"
	Fired    bool   `json:"fired"`             // all that it asks for held
	Value    string `json:"value,omitempty"`   // what it gives, where that is written down
	Because  string `json:"because,omitempty"` // what did not hold, and the facts: "asked/asked.rego:56: … (input.account.two_factor is true)"
}

// Explain decides a sign-in, an [Input] or one decoded from JSON, and says which rules were tried, and why those that did not
// fire did not. It is slower than [Engine.Login], and for people.
func (e *Engine) Explain(ctx context.Context, in any) (Explanation, error) {
	t := &tracer{tried: map[uint64]int{}, chain: e.compiler.GetAnnotationSet()}
	limited, cancel := context.WithTimeout(ctx, 20*e.limit) // tracing takes its time
	defer cancel()
	// Without the index every rule is tried, and with it most are passed over in silence.
	results, err := e.login.Eval(limited, rego.EvalInput(in), rego.EvalQueryTracer(t),
		rego.EvalRuleIndexing(false), rego.EvalEarlyExit(false))
	x := Explanation{Rules: t.rules}
	if ctx.Err() != nil {
		return x, ctx.Err()
	}
	for i, r := range x.Rules {
		if !r.Fired && r.Because == "" {
			x.Rules[i].Because = r.Location + ": it is for other arguments"
		}
	}
	if err == nil && len(results) == 1 {
		x.Decision, err = decodeFor(in, results[0].Expressions[0].Value)
	} else if err == nil {
		err = fmt.Errorf("%s is undefined", loginQuery)
	}
	if err != nil {
		x.Error = err.Error()
	}
	return x, nil
}

// tracer notes the rules that are tried.
type tracer struct {
	rules []Tried
	tried map[uint64]int // by query: which of the rules
	chain *ast.AnnotationSet
}

var _ topdown.QueryTracer = (*tracer)(nil)

// Enabled implements [topdown.QueryTracer].
func (*tracer) Enabled() bool { return true }

// Config implements [topdown.QueryTracer].
func (*tracer) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent implements [topdown.QueryTracer].
func (t *tracer) TraceEvent(e topdown.Event) {
	rule, isRule := e.Node.(*ast.Rule)
	switch {
	case e.Op == topdown.EnterOp && isRule:
		t.tried[e.QueryID] = len(t.rules)
		t.rules = append(t.rules, t.describe(rule))
	case e.Op == topdown.ExitOp && isRule:
		if i, ok := t.tried[e.QueryID]; ok {
			t.rules[i].Fired, t.rules[i].Because = true, ""
		}
	case e.Op == topdown.FailOp && e.Node != nil && e.Location != nil:
		// What fails last is what kept the rule from firing; what fails after it has fired is the search for another way.
		if i, ok := t.tried[e.QueryID]; ok && !t.rules[i].Fired {
			t.rules[i].Because = at(e.Location) + ": " + source(e.Location) + facts(e)
		}
	}
}

func (t *tracer) describe(r *ast.Rule) Tried {
	tried := Tried{
		Rule:     strings.TrimPrefix(r.Module.Package.Path.String(), "data.") + "." + r.Head.Ref().String(),
		Location: at(r.Location),
	}
	for _, a := range t.chain.GetRuleScope(r) {
		tried.Title = a.Title
	}
	if a := t.chain.GetDocumentScope(r.Ref().GroundPrefix()); tried.Title == "" && a != nil {
		tried.Title = a.Title
	}
	if r.Head.Value != nil && r.Head.Value.IsGround() {
		if v := r.Head.Value.String(); v != "true" {
			tried.Value = v
		}
	}
	return tried
}

// facts are the parts of the input that an expression is about, as they are.
func facts(e topdown.Event) string {
	expr, ok := e.Node.(*ast.Expr)
	if !ok || e.Input() == nil {
		return ""
	}
	var said []string
	ast.WalkRefs(expr, func(ref ast.Ref) bool {
		if !ref.HasPrefix(ast.InputRootRef) || !ref.IsGround() {
			return false
		}
		is := "missing"
		if v, err := e.Input().Value.Find(ref[1:]); err == nil {
			is = brief(v)
		}
		said = append(said, fmt.Sprintf("%s is %s", ref, is))
		return false
	})
	if len(said) == 0 {
		return ""
	}
	return " (" + strings.Join(said, ", ") + ")"
}

func at(l *ast.Location) string { return fmt.Sprintf("%s:%d", l.File, l.Row) }

// source is the text of an expression, on one line.
func source(l *ast.Location) string { return strings.Join(strings.Fields(string(l.Text)), " ") }
