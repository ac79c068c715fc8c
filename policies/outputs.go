package policies

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
)

// answers are the questions to a set, with the schema of each answer.
var answers = []struct{ query, schema string }{
	{loginQuery, loginSchema}, {capabilitiesQuery, capabilitiesSchema}, {settingsQuery, settingsSchema}, {consoleQuery, consoleSchema},
	{maskQuery, maskSchema},
}

// impossible returns the rules whose answer can never be valid, whatever the input is. Two things are known without an evaluation:
// constants, which are words or numbers, and the types that OPA infers for the rest. OPA's types have no lists of allowed words, so
// constants are compared with these lists here. If a rule without conditions gives the value of another rule, each answer of the
// other rule counts as its own.
//
// What is not known is never reported: a set that passes is also tried, and each answer is decoded strictly.
func (s *Set) impossible() ([]finding, error) {
	w := &writings{rules: map[string][]branch{}}
	for _, path := range slices.Sorted(maps.Keys(s.production())) {
		for _, r := range s.modules[path].Rules {
			for n := 0; r != nil; r, n = r.Else, n+1 {
				name := r.Ref().String()
				w.rules[name] = append(w.rules[name], branch{r, path, n == 0 && r.Body.Equal(always)})
			}
		}
	}
	if err := w.infer(s.production()); err != nil {
		return nil, err
	}
	var found []finding
	for _, a := range slices.Concat(answers, customAnswers) {
		for _, b := range w.rules[a.query] {
			wrong, err := w.check(b, a.schema)
			if err != nil {
				return nil, err
			}
			for _, f := range wrong {
				f.err = fmt.Errorf("the answer %s can never be valid: %w", a.query, f.err)
				if !slices.ContainsFunc(found, func(g finding) bool { return g.at == f.at && g.err.Error() == f.err.Error() }) {
					found = append(found, f)
				}
			}
		}
	}
	return found, nil
}

var always = ast.NewBody(ast.NewExpr(ast.BooleanTerm(true)))

// branch is a rule or one of its else branches.
type branch struct {
	rule   *ast.Rule
	path   string // of its module
	always bool   // it has no condition
}

// value returns the value of the branch; of a set of answers, the value of each element.
func (b branch) value() *ast.Term {
	if b.rule.Head.RuleKind() == ast.MultiValue {
		return b.rule.Head.Key
	}
	return b.rule.Head.Value
}

// parts returns the objects that a value is a union of.
func parts(t *ast.Term) []*ast.Term {
	call, ok := t.Value.(ast.Call)
	if !ok || len(call) != 3 || call[0].String() != ast.ObjectUnion.Name {
		return []*ast.Term{t}
	}
	return append(parts(call[1]), parts(call[2])...)
}

// writings holds the rules of a set, and the inferred types of their values.
type writings struct {
	rules map[string][]branch // by reference
	types map[*ast.Term]types.Type
}

// infer makes OPA infer the type of each part of each value. OPA keeps one type for all rules with the same name, so each part
// becomes a rule of its own for this.
func (w *writings) infer(modules map[string]*ast.Module) error {
	copies, refs := map[string]*ast.Module{}, map[*ast.Term]ast.Ref{}
	for path, m := range modules {
		copies[path] = m.Copy()
	}
	for _, branches := range w.rules {
		for _, b := range branches {
			if len(b.rule.Head.Args) > 0 {
				continue
			}
			m := copies[b.path]
			for _, part := range parts(b.value()) {
				head := ast.NewHead(ast.Var(fmt.Sprintf("nidan_inferred_%d", len(refs))), nil, part.Copy())
				head.Assign = true
				refs[part] = m.Package.Path.Extend(head.Ref())
				m.Rules = append(m.Rules, &ast.Rule{Head: head, Body: b.rule.Body.Copy(), Module: m, Location: b.rule.Location})
			}
		}
	}
	c, err := newCompiler()
	if err != nil {
		return err
	}
	if c.Compile(copies); c.Failed() {
		return fmt.Errorf("infer what the policies answer: %w", c.Errors)
	}
	w.types = map[*ast.Term]types.Type{}
	for part, ref := range refs {
		w.types[part] = c.TypeEnv.GetByRef(ref)
	}
	return nil
}

// check returns what is wrong with any possible answer of a branch.
func (w *writings) check(b branch, schema string) (found []finding, err error) {
	ways := [][]*ast.Term{nil}
	for _, part := range parts(b.value()) {
		options := w.follow(b, part, nil, 0)
		// If two parts come from other rules, it is not known which of their values occur together.
		if len(options) == 0 || len(options) > 1 && len(ways) > 1 {
			options = []*ast.Term{part}
		}
		var longer [][]*ast.Term
		for _, way := range ways {
			for _, o := range options {
				longer = append(longer, append(slices.Clone(way), o))
			}
		}
		ways = longer
	}
	for _, way := range ways {
		wrong, err := w.checkWay(b, way, schema)
		found = append(found, wrong...)
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// checkWay returns what is wrong with an answer of a branch that is the union of these objects: as written, and with each value
// that another rule may give for a part of them.
func (w *writings) checkWay(b branch, way []*ast.Term, schema string) (found []finding, err error) {
	s := newSketch()
	if !s.union(way, w.types) {
		return nil, nil
	}
	if found, err = s.faults(b, schema); err != nil || len(found) > 0 {
		return found, err
	}
	for _, t := range s.leading {
		for _, other := range w.follow(b, t, nil, 0) {
			with := newSketch()
			with.instead = map[*ast.Term]*ast.Term{t: other}
			if !with.union(way, w.types) {
				continue
			}
			wrong, err := with.faults(b, schema)
			if found = append(found, wrong...); err != nil {
				return found, err
			}
		}
	}
	return found, nil
}

// follow returns the terms that a branch may give at a term which leads to another rule. The path leads on from there. If the
// branch has conditions, there are none: the conditions may exclude some of the terms.
func (w *writings) follow(b branch, t *ast.Term, path ast.Ref, depth int) (found []*ast.Term) {
	ref := resolve(b.rule.Module, t)
	if !b.always || ref == nil || depth > 5 {
		return nil
	}
	ref = append(slices.Clone(ref), path...)
	for n := len(ref); n > 1; n-- {
		for _, next := range w.rules[ref[:n].String()] {
			if len(next.rule.Head.Args) > 0 || next.rule.Head.RuleKind() == ast.MultiValue {
				return nil
			}
			value, rest := next.value(), ref[n:]
			for len(rest) > 0 {
				object, ok := value.Value.(ast.Object)
				if !ok || object.Get(rest[0]) == nil {
					break
				}
				value, rest = object.Get(rest[0]), rest[1:]
			}
			if further := w.follow(next, value, rest, depth+1); len(further) > 0 {
				found = append(found, further...)
			} else if len(rest) == 0 {
				found = append(found, value)
			}
		}
	}
	return found
}

// resolve returns the full reference of a term that leads to a rule: data.nidan.asked.no_email for asked.no_email. It is nil for
// other terms.
func resolve(m *ast.Module, t *ast.Term) ast.Ref {
	ref, ok := t.Value.(ast.Ref)
	if name, isVar := t.Value.(ast.Var); isVar {
		ref, ok = ast.Ref{ast.NewTerm(name)}, true
	}
	if !ok || !ref.IsGround() || ref.HasPrefix(ast.InputRootRef) {
		return nil
	}
	if ref.HasPrefix(ast.DefaultRootRef) {
		return ref
	}
	name, ok := ref[0].Value.(ast.Var)
	if !ok {
		return nil
	}
	for _, i := range m.Imports {
		if i.Name() == name {
			if imported, ok := i.Path.Value.(ast.Ref); ok {
				return append(slices.Clone(imported), ref[1:]...)
			}
		}
	}
	return append(m.Package.Path.Append(ast.StringTerm(string(name))), ref[1:]...)
}

// faults compares the sketch with the schema of an answer, and returns each fault with its place.
func (s *sketch) faults(b branch, schema string) (found []finding, err error) {
	value, below := s.value, 0
	if b.rule.Head.RuleKind() == ast.MultiValue {
		value, below = []any{s.value}, 1
	}
	all, err := faults(schema, value, func(f fault) bool {
		f.path = f.path[min(below, len(f.path)):]
		return s.counts(f)
	})
	for _, f := range all {
		path := f.path[min(below, len(f.path)):]
		l := s.where(path)
		if l == nil {
			l = b.rule.Location
		}
		found = append(found, finding{rule: "answer", at: at(l), err: errors.New(strings.TrimSpace(strings.Join(path, ".") + " " + f.what))})
	}
	return found, err
}
