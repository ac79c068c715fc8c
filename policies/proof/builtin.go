package proof

import "github.com/open-policy-agent/opa/v1/ast"

// builtinCall is a call of a built-in function.
type builtinCall struct {
	name  string
	terms []*ast.Term
	out   *node
	place string
}

// harmless holds the built-in functions whose result is the same for all values of one fact.
var harmless = map[string]bool{
	"internal.print": true, "is_string": true, "is_number": true, "is_boolean": true, "is_null": true, "is_array": true, "is_object": true,
	"is_set": true,
}

// builtin records which values meet in a call of a built-in function. A function that is not known here is noted as a use of the
// values that it is given, and of the value that it returns.
func (f *flow) builtin(c builtinCall) {
	if f.concat(c) || f.collects(c) || harmless[c.name] {
		f.values(c.terms)
		return
	}
	operands := f.values(c.terms)
	switch c.name {
	case "eq", "equal", "assign", "neq":
		meet(operands[0], operands[1])
	case "lt", "lte", "gt", "gte":
		meet(operands[0], operands[1])
		f.note(c, operands)
	case "semver.compare":
		meet(operands[0], operands[1])
		f.note(c, operands)
	case "count":
		f.note(c, operands) // count of a text is a use. Count of a collection looks at no element.
		c.out.used(use{builtin: c.name, place: c.place, operand: -1})
	case "startswith", "endswith", "contains", "semver.is_valid", "net.cidr_contains":
		f.note(c, operands)
	default:
		for i, o := range operands {
			o.holds(func(n *node) { n.used(c.use(i, operands)) }, make(map[*node]bool))
		}
		c.out.used(use{builtin: c.name, place: c.place, operand: -1})
	}
}

func (c builtinCall) use(operand int, operands []*node) use {
	u := use{builtin: c.name, place: c.place, operand: operand}
	for i, o := range operands {
		if i != operand {
			u.beside = append(u.beside, o)
		}
	}
	return u
}

func (f *flow) note(c builtinCall, operands []*node) {
	for i, o := range operands {
		o.used(c.use(i, operands))
	}
}

// collects handles the built-in functions that only take collections apart and put them together. It records which values meet, and
// says whether the function is one of these.
func (f *flow) collects(c builtinCall) bool {
	o := f.values(c.terms)
	switch c.name {
	case "internal.member_2":
		meet(o[0], o[1].any())
		meet(o[0], o[1].keys()) // the elements of a set are its keys, too
	case "internal.member_3":
		meet(o[1], o[2].any())
		meet(o[0], o[2].keys())
	case "object.get":
		return f.get(c, o)
	case "object.union", "array.concat", "and", "or":
		meet(o[0], o[1])
		meet(c.out, o[0])
	case "object.union_n", "union", "intersection":
		meet(c.out, o[0].any())
	case "minus": // sets or numbers: for numbers the result is noted as a use, too
		meet(o[0], o[1])
		meet(c.out, o[0])
		c.out.used(use{builtin: c.name, place: c.place})
	case "object.remove", "object.filter":
		o[0].any()
		meet(o[0].keys(), o[1].any())
		meet(o[0].keys(), o[1].keys())
		meet(c.out, o[0])
	case "object.keys":
		o[0].any()
		meet(c.out.any(), o[0].keys())
		meet(c.out.keys(), o[0].keys())
		c.out.one().unordered = true
	case "array.reverse":
		meet(c.out, o[0])
	case "sort":
		o[0].any().used(use{builtin: "lt", place: c.place})
		meet(c.out, o[0])
	default:
		return false
	}
	return true
}

// get handles object.get(object, key, default), and says whether it could.
func (f *flow) get(c builtinCall, o []*node) bool {
	path := []*ast.Term{c.terms[1]}
	if a, ok := c.terms[1].Value.(*ast.Array); ok {
		path = nil
		a.Foreach(func(t *ast.Term) { path = append(path, t) })
	} else if _, ok := c.terms[1].Value.(ast.String); !ok {
		return false // the key is not constant: it may be an array, which object.get takes as a path
	}
	meet(c.out, o[2])
	meet(c.out, f.along(o[0], path))
	return true
}

// concat handles concat("", [x, ".0"]), which puts a constant behind a value, and says whether the call has this form.
func (f *flow) concat(c builtinCall) bool {
	if c.name != "concat" {
		return false
	}
	between, _ := c.terms[0].Value.(ast.String)
	parts, ok := c.terms[1].Value.(*ast.Array)
	if !ok || parts.Len() != 2 || between != "" {
		return false
	}
	suffix, ok := parts.Elem(1).Value.(ast.String)
	if !ok {
		return false
	}
	of := f.value(parts.Elem(0))
	meet(of, c.out)
	of.used(use{builtin: c.name, place: c.place, suffix: string(suffix)})
	return true
}
