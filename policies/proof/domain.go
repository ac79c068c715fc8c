package proof

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// domain holds the values of a fact that are tried. For any other value, the policies do the same as for one of these values,
// except for what missing names.
type domain struct {
	values  []ast.Value // nil: the fact is missing from the input
	missing []string    // what was not enumerated, such as "regex.match (login/login.rego:12)"
}

// domains holds the domain of each fact, for several sets of policies together.
type domains struct {
	root  *place
	flows []*flow
	made  map[string]domain
	known map[string]about
}

func newDomains(root *place, flows ...*flow) *domains {
	return &domains{root: root, flows: flows, made: make(map[string]domain), known: make(map[string]about)}
}

func (d *domains) of(f *fact) domain {
	if made, ok := d.made[f.name]; ok {
		return made
	}
	made := d.work(f)
	slices.Sort(made.missing)
	made.missing = slices.Compact(made.missing)
	d.made[f.name] = made
	return made
}

func (d *domains) work(f *fact) (made domain) {
	switch {
	case f.kind == truth:
		return domain{values: []ast.Value{ast.Boolean(false), ast.Boolean(true)}}
	case f.kind == flag && alwaysThere(f.name):
		return domain{values: []ast.Value{ast.Boolean(false), ast.Boolean(true)}}
	case f.kind == flag:
		return domain{values: []ast.Value{ast.Boolean(false), ast.Boolean(true), nil}}
	case f.kind == presence:
		return domain{values: []ast.Value{f.absent, ast.Boolean(true)}}
	case f.kind == list:
		return domain{values: []ast.Value{ast.NewArray()}, missing: []string{"it is a list"}}
	case f.closed:
		made.values = texts(f.choices)
	case f.kind == number:
		made = numbers(f, d.about(f))
	case f.kind == instant:
		made = instants(d.about(f))
	default:
		made = someTexts(d.about(f))
	}
	if f.kind == entry {
		made.values = append(made.values, nil)
	}
	if f.optional { // an empty optional fact is left out of the JSON
		made.values = slices.DeleteFunc(made.values, func(v ast.Value) bool { return v.Compare(ast.String("")) == 0 })
		made.values = append(made.values, nil)
	}
	return made
}

// about holds everything that the policies may compare a fact with.
type about struct {
	texts   map[string]bool
	numbers []ast.Number
	fresh   []string // placeholder texts that equal no constant: one for each fact that may be compared with this fact, and one for this fact
	uses    []use
	strange []string // messages about constants that the walk cannot handle
}

// about returns what a fact may be compared with in any of the sets, directly or through another fact.
func (d *domains) about(f *fact) about {
	if a, ok := d.known[f.name]; ok {
		return a
	}
	a := about{texts: make(map[string]bool)}
	fresh, seen := map[string]bool{freshOf(f.name, 0): true}, map[string]bool{}
	left := []string{d.root.nameIn(f)}
	for len(left) > 0 {
		name := left[0]
		left = left[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		a.marks(d.root.factAt(name), name)
		for _, flow := range d.flows {
			n := flow.nodeAt(name)
			left = append(left, sortedNames(n.facts)...)
			a.constants(n)
			a.uses = append(a.uses, n.uses...)
			for i := range flow.weight(name) {
				fresh[freshOf(name, i)] = true
			}
		}
	}
	a.fresh = sortedNames(fresh)
	for t := range a.texts {
		if strings.Contains(t, "(other") || strings.ContainsAny(t, "\x00\x01") {
			a.strange = append(a.strange, fmt.Sprintf("compared with %q", t))
		}
	}
	d.known[f.name] = a
	return a
}

func (a *about) constants(n *node) {
	for _, key := range sortedNames(n.constants) {
		switch c := n.constants[key].(type) {
		case ast.String:
			a.texts[string(c)] = true
		case ast.Number:
			a.numbers = append(a.numbers, c)
		}
	}
}

// marks adds the limits and the choices of a fact that may be compared with this one, and the values at which [possible] changes
// its answer.
func (a *about) marks(f *fact, name string) {
	for _, t := range also[name] {
		a.texts[t] = true
	}
	if f == nil {
		return
	}
	for _, t := range f.choices {
		a.texts[t] = true
	}
	if f.kind == number {
		a.numbers = append(a.numbers, ast.Number(strconv.Itoa(f.min)))
	}
	if f.max > 0 {
		a.numbers = append(a.numbers, ast.Number(strconv.Itoa(f.max)))
	}
}

// freshOf returns a placeholder text that equals no constant and no placeholder of another fact.
func freshOf(fact string, i int) string {
	if i == 0 {
		return otherBegins + fact + ")"
	}
	return fmt.Sprintf("%s%s %d)", otherBegins, fact, i+1)
}

// weight returns how many facts a name stands for. "request.headers.*" stands for as many headers as the policies can name.
func (f *flow) weight(name string) int {
	of, ok := strings.CutSuffix(name, ".*")
	if !ok {
		return 1
	}
	n := f.input
	for _, part := range strings.Split(of, ".") {
		n = n.in(part)
	}
	keys := n.keys()
	return max(1, len(keys.constants)+len(keys.facts))
}

// nodeAt returns the node of a fact, given its name.
func (f *flow) nodeAt(name string) *node {
	n := f.input.one()
	for _, part := range strings.Split(name, ".") {
		if part == "*" {
			n = n.any()
		} else {
			n = n.in(part)
		}
	}
	return n.one()
}

func texts(all []string) (values []ast.Value) {
	for _, t := range all {
		values = append(values, ast.String(t))
	}
	return values
}

// String returns the function and the place of the call.
func (u use) String() string {
	if u.operand < 0 {
		return fmt.Sprintf("compared with what %s makes (%s)", u.builtin, u.place)
	}
	return fmt.Sprintf("%s (%s)", u.builtin, u.place)
}

// known returns the constants that a value is given to a function with. ok is false if the other operands are not only constants.
func (u use) known() (all []string, ok bool) {
	for _, n := range u.beside {
		n = n.one()
		if len(n.facts) > 0 || len(n.uses) > 0 && slices.ContainsFunc(n.uses, func(v use) bool { return v.operand < 0 }) {
			return nil, false
		}
		for _, key := range sortedNames(n.constants) {
			if t, isText := n.constants[key].(ast.String); isText {
				all = append(all, string(t))
			}
		}
	}
	return all, true
}
