package proof

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// flow finds out which values meet in a set of policies. It looks at no order and at no condition: what may meet in some evaluation meets
// here, and so does what never does.
type flow struct {
	compiler *ast.Compiler
	data     *node // rules are in it, at their paths
	input    *node
	args     map[string][]*node // of functions, by path
	vars     map[ast.Var]*node  // of the rule that is looked at: after compiling, no name is used twice in a rule
	arrays   []*node            // what is passed through to make an array
	missing  []string           // what is not understood, and may concern any fact
}

// flowOf is the flow of compiled policies with their data, asked about an input.
func flowOf(c *ast.Compiler, data map[string]any, input *place) (*flow, error) {
	value, err := ast.InterfaceToValue(data)
	if err != nil {
		return nil, fmt.Errorf("read the policies' data: %w", err)
	}
	f := &flow{compiler: c, args: make(map[string][]*node), vars: make(map[ast.Var]*node), input: nodeOf(input)}
	f.data = f.value(ast.NewTerm(value))
	for _, name := range sortedNames(c.Modules) {
		for _, rule := range c.Modules[name].Rules {
			f.rule(rule)
		}
	}
	// The elements of an array stand in the order in which they were passed through. In a set or an object it is the order of the
	// values or names.
	for _, n := range f.arrays {
		if n = n.one(); n.unordered {
			n.keys().used(use{builtin: "lt"})
			n.any().used(use{builtin: "lt"})
		}
	}
	return f, nil
}

// nodeOf are the facts of a place.
func nodeOf(p *place) *node {
	n := &node{}
	switch {
	case p.anything:
		n.any().facts = map[string]bool{p.name + ".*": true}
	case p.fields == nil:
		n.facts = map[string]bool{p.fact.name: true}
	default:
		for _, name := range p.order {
			meet(n.in(name), nodeOf(p.fields[name]))
		}
	}
	return n
}

func (f *flow) rule(r *ast.Rule) {
	path := r.Ref().GroundPrefix() // with its package, after compiling
	name := path.String()
	for ; r != nil; r = r.Else {
		f.vars = make(map[ast.Var]*node)
		value := f.along(f.data, path[1:])
		for _, part := range r.Ref()[len(path):] { // of a partial object or set
			value.one().unordered = true
			meet(value.keys(), f.value(part))
			value = value.any()
		}
		if r.Head.Key != nil && r.Head.Value == nil { // contains
			value.one().unordered = true
			meet(value.any(), f.value(r.Head.Key))
			meet(value.keys(), f.value(r.Head.Key))
		}
		for i, arg := range r.Head.Args {
			meet(f.arg(name, i), f.value(arg))
		}
		if r.Head.Value != nil {
			meet(value, f.value(r.Head.Value))
		}
		f.body(r.Body)
	}
}

func (f *flow) arg(function string, i int) *node {
	for len(f.args[function]) <= i {
		f.args[function] = append(f.args[function], &node{})
	}
	return f.args[function][i].one()
}

func (f *flow) body(b ast.Body) {
	for _, e := range b {
		if len(e.With) > 0 {
			f.missing = append(f.missing, "with ("+at(e.Location)+")")
		}
		switch terms := e.Terms.(type) {
		case *ast.Term:
			f.value(terms)
		case []*ast.Term:
			f.call(terms[0].Value, terms[1:], e.Location)
		case *ast.Every:
			domain := f.value(terms.Domain)
			if terms.Key != nil {
				meet(domain.keys(), f.value(terms.Key))
			}
			meet(domain.any(), f.value(terms.Value))
			f.body(terms.Body)
		default:
			f.missing = append(f.missing, fmt.Sprintf("%T (%s)", terms, at(e.Location)))
		}
	}
}

// value is where a term's values meet.
func (f *flow) value(t *ast.Term) *node {
	switch v := t.Value.(type) {
	case ast.Null, ast.Boolean, ast.Number, ast.String:
		return constant(v)
	case ast.Var:
		if f.vars[v] == nil {
			f.vars[v] = &node{}
		}
		return f.vars[v].one()
	case ast.Ref:
		return f.ref(v)
	case ast.Call:
		return f.callTerm(v, t.Location)
	case *ast.Array, ast.Set, ast.Object, *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
		return f.collection(v)
	}
	f.missing = append(f.missing, fmt.Sprintf("%s (%s)", t, at(t.Location)))
	return &node{}
}

// callTerm is what a call in the place of a value makes.
func (f *flow) callTerm(c ast.Call, l *ast.Location) *node {
	out := ast.VarTerm(fmt.Sprintf("(out %d)", len(f.vars)))
	f.call(c[0].Value, append(append([]*ast.Term{}, c[1:]...), out), l)
	return f.value(out)
}

// ref is what a reference leads to.
func (f *flow) ref(r ast.Ref) *node {
	head, ok := r[0].Value.(ast.Var)
	switch {
	case ok && head.Equal(ast.InputRootDocument.Value):
		return f.along(f.input, r[1:])
	case ok && head.Equal(ast.DefaultRootDocument.Value):
		return f.along(f.data, r[1:])
	}
	return f.along(f.value(r[0]), r[1:])
}

// along follows names and indexes.
func (f *flow) along(n *node, path []*ast.Term) *node {
	for _, part := range path {
		n = n.one()
		if name, ok := part.Value.(ast.String); ok {
			if n.element != nil {
				meet(n.keys(), constant(name))
			}
			n = n.in(string(name))
			continue
		}
		meet(n.keys(), f.value(part))
		n = n.any()
	}
	return n.one()
}

func (f *flow) values(terms []*ast.Term) []*node {
	all := make([]*node, len(terms))
	for i, t := range terms {
		all[i] = f.value(t)
	}
	return all
}

// call is an expression that calls something: the result, if it has one, is its last operand.
func (f *flow) call(function ast.Value, terms []*ast.Term, l *ast.Location) {
	name := function.String()
	ref, _ := function.(ast.Ref)
	if rules := f.compiler.GetRulesExact(ref); ref.HasPrefix(ast.DefaultRootRef) {
		if len(rules) == 0 {
			f.missing = append(f.missing, fmt.Sprintf("%s (%s)", name, at(l)))
			return
		}
		arity := len(rules[0].Head.Args)
		for i, o := range f.values(terms) {
			if i < arity {
				meet(f.arg(name, i), o)
			} else {
				meet(f.along(f.data, ref[1:]), o)
			}
		}
		return
	}
	out := &node{}
	if b := ast.BuiltinMap[name]; b != nil && len(terms) > b.Decl.Arity() {
		last := len(terms) - 1
		out = f.value(terms[last])
		terms = terms[:last]
	}
	f.builtin(builtinCall{name: name, terms: terms, out: out, place: at(l)})
}

func at(l *ast.Location) string {
	if l == nil {
		return ""
	}
	return strings.TrimPrefix(l.File, "/") + ":" + strconv.Itoa(l.Row)
}
