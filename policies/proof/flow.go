package proof

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// flow finds out which values may meet in a set of policies. It ignores the order of expressions and all conditions: values that
// meet in any evaluation meet here, and some that never meet do, too.
type flow struct {
	compiler *ast.Compiler
	data     *node // holds the rules, too, at their paths
	input    *node
	args     map[string][]*node // arguments of functions, by the function's path
	vars     map[ast.Var]*node  // of the current rule; the compiler gives each variable of a rule its own name
	arrays   []*node            // collections that array comprehensions iterate over
	missing  []string           // expressions that are not understood and may concern any fact
}

// flowOf returns the flow of compiled policies, their data and an input.
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
	// The order of an array's elements comes from the iteration over the source collection. A set is iterated in the order of its
	// values, and an object in the order of its names. So the order of these values may matter to the answer.
	for _, n := range f.arrays {
		if n = n.one(); n.unordered {
			n.keys().used(use{builtin: "lt"})
			n.any().used(use{builtin: "lt"})
		}
	}
	return f, nil
}

// nodeOf returns the node of a place, with the nodes of all facts below it.
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
	path := r.Ref().GroundPrefix() // includes the package after compiling
	name := path.String()
	for ; r != nil; r = r.Else {
		f.vars = make(map[ast.Var]*node)
		value := f.along(f.data, path[1:])
		for _, part := range r.Ref()[len(path):] { // the rest of the reference, of a partial object or set
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

// value returns the node of a term's values.
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

// callTerm returns the node of a call that stands where a value is expected.
func (f *flow) callTerm(c ast.Call, l *ast.Location) *node {
	out := ast.VarTerm(fmt.Sprintf("(out %d)", len(f.vars)))
	f.call(c[0].Value, append(append([]*ast.Term{}, c[1:]...), out), l)
	return f.value(out)
}

// ref returns the node that a reference leads to.
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

// along follows a path of names and indexes from a node.
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

// call handles a call of a function or rule. If the call has a result, this is the last operand.
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
