package policies

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// tracer notes which rules are tried, and how far each one comes.
type tracer struct {
	compiler *ast.Compiler
	data     ast.Value
	says     func(fact string) string // describes a fact
	trials   []*trial
	byQuery  map[uint64]*trial
	within   map[uint64]*trial    // the rule, by the query of a part of it, such as "every"
	values   map[string]ast.Value // values of rules, by reference
}

// trial is one evaluation of a rule.
type trial struct {
	rule     *ast.Rule
	furthest int  // index of the last expression of its body that was evaluated; -1: none
	failed   bool // the expression at furthest failed
	fired    bool
	value    ast.Value // the value that the rule gave
	moment   moment    // when furthest was reached
	against  *against  // the element on which an "every" failed

	collecting string               // the comprehension that is being computed; empty: none
	collected  map[string]ast.Value // values of comprehensions, by their source text
}

// moment holds the values that were known at an event.
type moment struct {
	input  ast.Value // nil: there is none
	locals *ast.ValueMap
}

// against is the expression that failed for one element.
type against struct {
	expr *ast.Expr
	moment
}

func newTracer(c *ast.Compiler, data map[string]any, says func(string) string) *tracer {
	value, err := ast.InterfaceToValue(data)
	if err != nil {
		value = ast.NewObject() // facts of the data are then missing
	}
	return &tracer{
		compiler: c, data: value, says: says, byQuery: map[uint64]*trial{}, within: map[uint64]*trial{}, values: map[string]ast.Value{},
	}
}

var _ topdown.QueryTracer = (*tracer)(nil)

// Enabled implements [topdown.QueryTracer].
func (*tracer) Enabled() bool { return true }

// Config implements [topdown.QueryTracer].
func (*tracer) Config() topdown.TraceConfig { return topdown.TraceConfig{PlugLocalVars: true} }

// TraceEvent implements [topdown.QueryTracer].
func (t *tracer) TraceEvent(e topdown.Event) {
	switch node := e.Node.(type) {
	case *ast.Rule:
		t.ruleEvent(e, node)
	case *ast.Expr:
		if tried := t.byQuery[e.QueryID]; tried != nil && e.Op == topdown.UnifyOp {
			tried.collect(node)
		} else if tried != nil {
			tried.see(e, node)
		} else if owner := t.ownerOf(e); owner != nil && e.Op == topdown.FailOp && !node.IsEvery() && owner.atEvery() {
			owner.against = &against{node, momentOf(e)}
		}
	}
}

// ownerOf returns the rule that contains a nested query. It is nil for the question itself.
func (t *tracer) ownerOf(e topdown.Event) *trial {
	owner := t.within[e.QueryID]
	if owner == nil {
		owner = cmp.Or(t.byQuery[e.ParentID], t.within[e.ParentID])
		t.within[e.QueryID] = owner
	}
	return owner
}

func (t *tracer) ruleEvent(e topdown.Event, rule *ast.Rule) {
	switch e.Op {
	case topdown.EnterOp:
		tried := &trial{rule: rule, furthest: -1, moment: momentOf(e)}
		t.trials, t.byQuery[e.QueryID] = append(t.trials, tried), tried
	case topdown.ExitOp:
		tried := t.byQuery[e.QueryID]
		if tried == nil || tried.fired {
			return
		}
		tried.fired, tried.failed, tried.furthest, tried.moment = true, false, len(rule.Body), momentOf(e)
		given := rule.Head.Value
		if rule.Head.RuleKind() == ast.MultiValue {
			given = rule.Head.Key
		}
		if given == nil {
			return
		}
		tried.value = e.Plug(given).Value
		if rule.Head.RuleKind() == ast.SingleValue && len(rule.Head.Args) == 0 && rule.Ref().IsGround() {
			t.values[rule.Ref().String()] = tried.value
		}
	}
}

// see notes how far a rule has come. A failure after the rule has fired is only the search for another solution.
func (r *trial) see(e topdown.Event, expr *ast.Expr) {
	i := slices.Index(r.rule.Body, expr)
	if r.fired || i < r.furthest || i < 0 || e.Op != topdown.EvalOp && e.Op != topdown.FailOp {
		return
	}
	r.furthest, r.failed, r.moment = i, e.Op == topdown.FailOp, momentOf(e)
}

// collect notes the value of a comprehension. OPA first compares the comprehension with a term, and then compares its value with
// the same term.
func (r *trial) collect(compared *ast.Expr) {
	value := compared.Operand(0)
	for _, term := range compared.Operands() {
		if isComprehension(term.Value) {
			r.collecting = nameOf(term)
			return
		}
	}
	if r.collecting != "" && !r.fired {
		if r.collected == nil {
			r.collected = map[string]ast.Value{}
		}
		r.collected[r.collecting], r.collecting = value.Value, ""
	}
}

func isComprehension(v ast.Value) bool {
	switch v.(type) {
	case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
		return true
	}
	return false
}

func (r *trial) atEvery() bool {
	return !r.fired && r.furthest >= 0 && r.rule.Body[r.furthest].IsEvery()
}

func momentOf(e topdown.Event) moment {
	m := moment{locals: e.Locals}
	if e.Input() != nil {
		m.input = e.Input().Value
	}
	return m
}

// tried returns the rules as an explanation shows them.
func (t *tracer) tried() []Tried {
	annotations := t.compiler.GetAnnotationSet()
	all := []Tried{}
	for _, r := range t.trials {
		x := Tried{
			Rule:     strings.TrimPrefix(r.rule.Module.Package.Path.String(), "data.") + "." + headOf(r.rule),
			Location: at(r.rule.Location), Title: titleOf(annotations, r.rule), Fired: r.fired, Value: r.gives(), Conditions: t.conditions(r),
		}
		if !r.fired {
			x.Because = because(x)
		}
		same := func(y Tried) bool { return reflect.DeepEqual(x, y) } // the same rule was asked again
		if !slices.ContainsFunc(all, same) {
			all = append(all, x)
		}
	}
	return all
}

// headOf returns the name of a rule. A variable in brackets is shown as written.
func headOf(r *ast.Rule) string {
	name := ""
	for i, term := range r.Head.Ref() {
		text, isText := term.Value.(ast.String)
		switch {
		case i == 0:
			name = term.Value.String()
			name = strings.Trim(name, `"`)
		case isText && isName.MatchString(string(text)):
			name += "." + string(text)
		default:
			name += "[" + cmp.Or(nameOf(term), "_") + "]"
		}
	}
	if len(r.Head.Args) == 0 {
		return name
	}
	var args []string
	for _, a := range r.Head.Args {
		args = append(args, cmp.Or(nameOf(a), "_"))
	}
	return name + "(" + strings.Join(args, ", ") + ")"
}

func titleOf(annotations *ast.AnnotationSet, r *ast.Rule) (title string) {
	for _, a := range annotations.GetRuleScope(r) {
		title = a.Title
	}
	if a := annotations.GetDocumentScope(r.Ref().GroundPrefix()); title == "" && a != nil {
		title = a.Title
	}
	return title
}

// gives returns the value that a rule gave, or would give if the value is a constant.
func (r *trial) gives() string {
	value := r.value
	if value == nil && r.rule.Head.Value != nil && r.rule.Head.Value.IsGround() {
		value = r.rule.Head.Value.Value
	}
	if value == nil || ast.Boolean(true).Equal(value) {
		return ""
	}
	return brief(value)
}

func because(x Tried) string {
	for _, c := range x.Conditions {
		if c.Is != HoldsNot {
			continue
		}
		why := c.Location + ": " + c.Text
		var facts []string
		for _, f := range c.Read {
			facts = append(facts, f.String())
		}
		if len(facts) > 0 {
			why += " (" + strings.Join(facts, ", ") + ")"
		}
		return why
	}
	return x.Location + ": it is for other arguments"
}
