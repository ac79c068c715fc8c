package proof

import (
	"maps"

	"github.com/open-policy-agent/opa/v1/ast"
)

// node stands for all values that may meet each other in the policies: by "=", as an argument of a function, as an element of a
// collection, and so on. When two nodes meet, they become one node. So the node of a fact has all constants that the fact can be
// compared with. It may have more constants than that: these cost time, and the result stays correct.
type node struct {
	merged *node // the node that this one became part of; nil: none

	constants map[string]ast.Value // by their text in Rego
	facts     map[string]bool      // by name
	inside    map[string]*node     // the values of an object with known names, by name
	element   *node                // any value of a collection; if it is set, inside is empty and its values are merged here
	key       *node                // any name or index of a collection
	unordered bool                 // iterated in the order of its values or names
	uses      []use
}

// use is a call of a built-in function with a value as an operand or as the result.
type use struct {
	builtin string
	place   string // file:line
	operand int    // index of the operand; -1: the value is the result
	beside  []*node
	suffix  string // of a concat of the known form: the constant behind the value
}

// one returns the node that this node has become part of, or the node itself.
func (n *node) one() *node {
	for n.merged != nil {
		n = n.merged
	}
	return n
}

func constant(v ast.Value) *node { return &node{constants: map[string]ast.Value{v.String(): v}} }

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

// in returns the node of the value with this name.
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

// any returns the node of any value in this one. It merges the nodes of the named values into that node, now and later.
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

// keys returns the node of any name or index in this one.
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

// holds visits this node and all nodes inside it.
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
