package proof

import "github.com/open-policy-agent/opa/v1/ast"

// collection returns the node of a collection or a comprehension, and records which values meet in it.
func (f *flow) collection(v ast.Value) *node {
	n := &node{}
	switch v := v.(type) {
	case *ast.Array:
		n.any()
		v.Foreach(func(e *ast.Term) { meet(n.any(), f.value(e)) })
	case ast.Set:
		n.any()
		n.unordered = true
		v.Foreach(func(e *ast.Term) { f.element(n, e) })
	case ast.Object:
		f.object(n, v)
	case *ast.ArrayComprehension:
		f.body(v.Body)
		f.passed(v.Body)
		meet(n.any(), f.value(v.Term))
	case *ast.SetComprehension:
		f.body(v.Body)
		n.unordered = true
		f.element(n, v.Term)
	case *ast.ObjectComprehension:
		f.body(v.Body)
		n.unordered = true
		meet(n.keys(), f.value(v.Key))
		meet(n.any(), f.value(v.Value))
	}
	return n.one()
}

// element adds a value to a set. The elements of a set are its keys, too.
func (f *flow) element(set *node, t *ast.Term) {
	meet(set.any(), f.value(t))
	meet(set.keys(), f.value(t))
}

func (f *flow) object(n *node, o ast.Object) {
	o.Foreach(func(k, v *ast.Term) {
		if name, ok := k.Value.(ast.String); ok {
			if n = n.one(); n.element != nil {
				meet(n.keys(), constant(name))
			}
			meet(n.in(string(name)), f.value(v))
			return
		}
		n.one().unordered = true
		meet(n.keys(), f.value(k))
		meet(n.any(), f.value(v))
	})
}

// passed records the collections that the body of an array comprehension iterates over.
func (f *flow) passed(b ast.Body) {
	ast.WalkRefs(b, func(r ast.Ref) bool {
		for i, part := range r[1:] {
			if _, ok := part.Value.(ast.Var); ok {
				f.arrays = append(f.arrays, f.ref(r[:i+1]))
			}
		}
		return false
	})
}
