package policies

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// span is one condition as it is written. The compiler may have made several expressions of it.
type span struct {
	location *ast.Location
	exprs    []int // indexes of these expressions in the compiled body, in order
}

// conditions returns the conditions of a rule in the order of the source text. The compiler splits conditions, and may reorder
// them.
func (t *tracer) conditions(r *trial) (all []Condition) {
	for _, s := range spans(r.rule.Body) {
		c := Condition{Text: source(s.location), Location: at(s.location), Is: r.held(s)}
		if r.makesValue(s) {
			if c.Is == NotReached {
				continue
			}
			if c.Is == Holds {
				c.Is = Gives
			}
		}
		if c.Is != NotReached {
			c.Read = t.read(r, s)
		}
		all = append(all, c)
	}
	return all
}

// makesValue says whether a span is part of the value that the rule gives, and not a condition.
func (r *trial) makesValue(s span) bool {
	for _, term := range []*ast.Term{r.rule.Head.Value, r.rule.Head.Key} {
		if term != nil && term.Location != nil && covers(term.Location, s.location) {
			return true
		}
	}
	return false
}

func spans(body ast.Body) (all []span) {
	for i, expr := range body {
		l := expr.Location
		if l == nil || len(l.Text) == 0 || isTrue(expr) {
			continue
		}
		made := span{l, []int{i}}
		all = slices.DeleteFunc(all, func(s span) bool {
			within := covers(s.location, l)
			if !within && !covers(l, s.location) {
				return false
			}
			if within {
				made.location = s.location
			}
			made.exprs = append(made.exprs, s.exprs...)
			return true
		})
		slices.Sort(made.exprs)
		all = append(all, made)
	}
	slices.SortStableFunc(all, func(a, b span) int { return cmp.Compare(a.location.Offset, b.location.Offset) })
	return all
}

// isTrue says whether an expression is "true": the body of a rule without conditions.
func isTrue(expr *ast.Expr) bool {
	term, ok := expr.Terms.(*ast.Term)
	return ok && ast.Boolean(true).Equal(term.Value)
}

func covers(outer, inner *ast.Location) bool {
	return outer.Offset <= inner.Offset && inner.Offset+len(inner.Text) <= outer.Offset+len(outer.Text)
}

func (r *trial) held(s span) Held {
	switch {
	case r.fired || slices.Max(s.exprs) < r.furthest:
		return Holds
	case slices.Min(s.exprs) <= r.furthest:
		return HoldsNot
	}
	return NotReached
}

// read returns the facts that a condition was about, each once.
func (t *tracer) read(r *trial, s span) []Fact {
	f := &facts{tracer: t, of: r, names: map[string]bool{}}
	if r.makesValue(s) && r.fired {
		f.names[source(s.location)] = true // this text is the rule's value, which is shown already
	}
	for _, i := range s.exprs {
		expr := r.rule.Body[i]
		f.add(expr, r.moment)
		if expr.IsEvery() && !r.fired && r.against != nil {
			f.add(r.against.expr, r.against.moment)
		}
	}
	return f.found
}

// facts collects the facts of a condition.
type facts struct {
	*tracer
	of    *trial
	found []Fact
	names map[string]bool
}

var isName = regexp.MustCompile(`^[A-Za-z_]\w*$`)

// add adds the parts of an expression that stand for a value.
func (f *facts) add(expr *ast.Expr, m moment) {
	if every, ok := expr.Terms.(*ast.Every); ok {
		f.term(every.Domain, m)
		return
	}
	operands := expr.Operands()
	if term, ok := expr.Terms.(*ast.Term); ok {
		operands = []*ast.Term{term}
	}
	if len(operands) == 2 && expr.IsEquality() && strings.Contains(source(expr.Location), ":=") && isName.MatchString(nameOf(operands[0])) {
		operands = operands[1:] // an assignment: the name is only another name for the second operand
	}
	for _, o := range operands {
		f.term(o, m)
	}
}

func (f *facts) term(term *ast.Term, m moment) {
	name := nameOf(term)
	if isComprehension(term.Value) {
		if value := f.of.collected[name]; value != nil {
			f.note(name, value)
		}
		ast.WalkRefs(term, func(ref ast.Ref) bool {
			if ref.HasPrefix(ast.InputRootRef) || ref.HasPrefix(ast.DefaultRootRef) {
				f.ref("", ref, m)
			}
			return false
		})
		return
	}
	switch v := term.Value.(type) {
	case ast.Var:
		value := m.locals.Get(v)
		if name == "" || name == "_" || value == nil && isName.MatchString(name) {
			return
		}
		f.note(name, value)
	case ast.Ref:
		f.ref(name, v, m)
	default:
		if !ast.IsConstant(v) {
			if value := valueIn(term, m.locals); value != nil {
				f.note(name, value)
			}
		}
	}
}

// ref adds the value at a reference. A reference without a text of its own comes from the compiler, as in "some role in
// data.roles": then the whole collection is added.
func (f *facts) ref(name string, ref ast.Ref, m moment) {
	if name == "" {
		ref = ref.GroundPrefix()
		name = strings.TrimPrefix(ref.String(), f.of.rule.Module.Package.Path.String()+".")
	}
	filled := ast.Ref{ref[0]}
	for _, term := range ref[1:] {
		value := valueIn(term, m.locals)
		if ast.IsConstant(term.Value) {
			value = term.Value
		}
		if value == nil {
			return // the place is not known
		}
		filled = append(filled, ast.NewTerm(value))
	}
	if value, known := f.lookUp(filled, m); known && !strings.HasPrefix(name, "__local") {
		f.note(name, value)
	}
}

// lookUp returns the value at a reference. If the value is known to be missing, it returns nil and true.
func (f *facts) lookUp(ref ast.Ref, m moment) (value ast.Value, known bool) {
	of, rest := m.input, ref[1:]
	switch {
	case ref.HasPrefix(ast.InputRootRef):
	case ref.HasPrefix(ast.DefaultRootRef):
		if value, isRule := f.given(ref); isRule {
			return value, true
		}
		if len(f.compiler.GetRulesDynamicWithOpts(ref, ast.RulesOptions{})) > 0 {
			return nil, false // a set of values or a function
		}
		of = f.data
	default:
		of = m.locals.Get(ref[0].Value)
	}
	if of == nil {
		return nil, false
	}
	found, err := of.Find(rest)
	if err != nil {
		return nil, true
	}
	return found, true
}

// given returns the value of the rule that a reference leads to, or the part of it below.
func (f *facts) given(ref ast.Ref) (value ast.Value, isRule bool) {
	for n := len(ref); n > 1; n-- {
		rules := f.compiler.GetRulesExact(ref[:n])
		if len(rules) == 0 {
			continue
		}
		if rules[0].Head.RuleKind() == ast.MultiValue || len(rules[0].Head.Args) > 0 || len(rules[0].Head.Reference) > 1 && !rules[0].Ref().IsGround() {
			return nil, false
		}
		value := f.values[ref[:n].String()]
		if value == nil {
			return nil, true
		}
		if found, err := value.Find(ref[n:]); err == nil {
			return found, true
		}
		return nil, true
	}
	return nil, false
}

func (f *facts) note(name string, value ast.Value) {
	if f.names[name] {
		return
	}
	f.names[name] = true
	fact := Fact{Name: name, Says: f.says(name)}
	if value != nil {
		fact.Value = brief(value)
	}
	f.found = append(f.found, fact)
}

// nameOf returns the source text of a term; empty: it has none.
func nameOf(t *ast.Term) string {
	if t.Location == nil || len(t.Location.Text) == 0 {
		return ""
	}
	return source(t.Location)
}
