package proof

import (
	"maps"

	"github.com/open-policy-agent/opa/v1/ast"
)

// node stands for all values that may meet each other somewhere in the policies: by "=", as an argument of a function, as an element of a
// collection, and so on. Nodes that meet become one. So all constants that a fact can be compared with are in the fact's node, and
// maybe more, which costs time and nothing else.
type node struct {
	merged *node // into this one; nil: it is one itself

	constants map[string]ast.Value // by how they are written
	facts     map[string]bool      // by name
	inside    map[string]*node     // by name, of an object whose names are known
	element   *node                // any value in a collection; where it is there, all of inside are in it
	key       *node                // any name or index in a collection
	unordered bool                 // a collection that is passed through in the order of its values or names
	uses      []use
}

// use is a built-in function that a value is given to, or that makes it.
type use struct {
	builtin string
	place   string // file:line
	operand int    // which of its operands the value is; -1: what it makes
	beside  []*node
	suffix  string // of a concat that is understood: what is put behind the value
}

// one is the node that this one has become.
func (n *node) one() *node {
	for n.merged != nil {
		n = n.merged
	}
	return n
}

func constant(v ast.Value) *node { return &node{constants: map[string]ast.Value{v.String(): v}} }

// meet makes two nodes one.
func meet(a, b *node) {
	a, b = a.one(), b.one()
	if a == b {
		return
	}
	b.merged = a
	a.constants, a.facts = joined(a.constants, b.constants), joined(a.facts, b.facts)
	a.uses = append(a.uses, b.uses...)
	a.unordered = a.unordered || b.unordered
	element, key, inside := b.element, b.key, b.inside
	b.element, b.key, b.inside = nil, nil, nil
	for _, name := range sortedNames(inside) {
		if a = a.one(); a.element != nil {
			meet(a.keys(), constant(ast.String(name)))
		}
		meet(a.in(name), inside[name])
	}
	if element != nil {
		meet(a.any(), element)
	}
	if key != nil {
		meet(a.keys(), key)
	}
}

func joined[V any](a, b map[string]V) map[string]V {
	if a == nil {
		return b
	}
	maps.Copy(a, b)
	return a
}

// in is the value of that name.
func (n *node) in(name string) *node {
	n = n.one()
	if n.element != nil {
		return n.element.one()
	}
	if n.inside == nil {
		n.inside = make(map[string]*node)
	}
	if n.inside[name] == nil {
		n.inside[name] = &node{}
	}
	return n.inside[name].one()
}

// any is any value in it. From then on the values that have names are any, too.
func (n *node) any() *node {
	n = n.one()
	if n.element == nil {
		n.element = &node{}
		inside := n.inside
		n.inside = nil
		for _, name := range sortedNames(inside) {
			meet(n.one().any(), inside[name])
			meet(n.one().keys(), constant(ast.String(name)))
		}
	}
	return n.one().element.one()
}

// keys is any name or index in it.
func (n *node) keys() *node {
	n = n.one()
	if n.key == nil {
		n.key = &node{}
	}
	return n.key.one()
}

func (n *node) used(u use) {
	n = n.one()
	n.uses = append(n.uses, u)
}

// holds visits all nodes that stand in it, itself included.
func (n *node) holds(visit func(*node), seen map[*node]bool) {
	n = n.one()
	if seen[n] {
		return
	}
	seen[n] = true
	visit(n)
	for _, name := range sortedNames(n.inside) {
		n.inside[name].holds(visit, seen)
	}
	if n.element != nil {
		n.element.holds(visit, seen)
	}
	if n.key != nil {
		n.key.holds(visit, seen)
	}
}
