package proof

import (
	"encoding/json"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// asking is one evaluation.
type asking struct {
	domains *domains
	given   map[string]ast.Value // the values of facts so far; nil: the fact is missing
	looked  []*fact              // facts that were looked at and had no value before, in order
	missing []string             // what was looked at and cannot be enumerated
}

// value returns the value of a fact, which may be nil. A fact without a given value has the first value of its domain.
func (a *asking) value(f *fact) ast.Value {
	if v, ok := a.given[f.name]; ok {
		return v
	}
	return a.domains.of(f).values[0]
}

// look is value, and notes that the fact was looked at.
func (a *asking) look(f *fact) ast.Value {
	v := a.value(f)
	if _, ok := a.given[f.name]; !ok {
		a.looked = append(a.looked, f)
		a.given[f.name] = v
	}
	return v
}

// watched is an object of the input that notes which facts are looked at. A policy that reads a member looks at this member. If the
// object is read as a whole, all its facts are looked at. The embedded object answers what does not depend on facts, such as
// whether the object is ground.
type watched struct {
	ast.Object
	place *place
	asked *asking
	below map[string]*ast.Term // objects inside this one
}

// watch returns the watched object of a place.
func (a *asking) watch(p *place) *watched {
	return &watched{Object: ast.NewObject(), place: p, asked: a, below: make(map[string]*ast.Term)}
}

// Get implements [ast.Object].
func (w *watched) Get(k *ast.Term) *ast.Term {
	key, ok := k.Value.(ast.String)
	if !ok {
		return nil
	}
	name := string(key)
	if w.place.anything {
		return term(w.asked.look(&fact{name: join(w.place.name, name), kind: w.place.of}))
	}
	p := w.place.fields[name]
	switch {
	case p == nil:
		return nil
	case p.fields == nil && !p.anything:
		return term(w.asked.look(p.fact))
	case p.fact != nil && !isTrue(w.asked.look(p.fact)):
		return term(p.fact.absent)
	}
	if w.below[name] == nil {
		w.below[name] = ast.NewTerm(w.asked.watch(p))
	}
	return w.below[name]
}

func term(v ast.Value) *ast.Term {
	if v == nil {
		return nil
	}
	return ast.NewTerm(v)
}

// Find implements [ast.Value].
func (w *watched) Find(path ast.Ref) (ast.Value, error) {
	if len(path) == 0 {
		return w, nil
	}
	t := w.Get(path[0])
	if t == nil {
		return nil, fmt.Errorf("there is no %v", path[0])
	}
	return t.Value.Find(path[1:])
}

// object returns an object of the input with the values of its facts.
func (a *asking) object(p *place, value func(*fact) ast.Value) ast.Object {
	o := ast.NewObject()
	if p.anything {
		for name, v := range a.given {
			if rest, ok := cutName(name, p.name); ok && v != nil {
				o.Insert(ast.StringTerm(rest), ast.NewTerm(v))
			}
		}
	}
	for _, key := range p.order {
		field := p.fields[key]
		var v ast.Value
		switch {
		case field.fields == nil && !field.anything:
			v = value(field.fact)
		case field.fact != nil && !isTrue(value(field.fact)):
			v = field.fact.absent
		default:
			v = a.object(field, value)
		}
		if v != nil {
			o.Insert(ast.StringTerm(key), ast.NewTerm(v))
		}
	}
	return o
}

func cutName(full, name string) (string, bool) {
	if len(full) > len(name)+1 && full[:len(name)+1] == name+"." {
		return full[len(name)+1:], true
	}
	return "", false
}

// whole looks at each fact in the object, and returns it with their values. For a map, it notes that the names are not known.
func (w *watched) whole() ast.Object {
	w.asked.noteNames(w.place)
	return w.asked.object(w.place, w.asked.look)
}

func (a *asking) noteNames(p *place) {
	if p.anything {
		a.missing = append(a.missing, "all of input."+p.name)
	}
	for _, field := range p.fields {
		a.noteNames(field)
	}
}

// Compare implements [ast.Value].
func (w *watched) Compare(other ast.Value) int { return w.whole().Compare(other) }

// Hash implements [ast.Value].
func (w *watched) Hash() int { return w.whole().Hash() }

// String implements [ast.Value].
func (w *watched) String() string { return w.whole().String() }

// MarshalJSON implements [json.Marshaler].
func (w *watched) MarshalJSON() ([]byte, error) {
	whole, err := ast.JSON(w.whole())
	if err != nil {
		return nil, err
	}
	return json.Marshal(whole)
}

// Len implements [ast.Object].
func (w *watched) Len() int { return w.whole().Len() }

// Copy implements [ast.Object].
func (w *watched) Copy() ast.Object { return w.whole().Copy() }

// Iter implements [ast.Object].
func (w *watched) Iter(f func(*ast.Term, *ast.Term) error) error { return w.whole().Iter(f) }

// Until implements [ast.Object].
func (w *watched) Until(f func(*ast.Term, *ast.Term) bool) bool { return w.whole().Until(f) }

// Foreach implements [ast.Object].
func (w *watched) Foreach(f func(*ast.Term, *ast.Term)) { w.whole().Foreach(f) }

// Map implements [ast.Object].
func (w *watched) Map(f func(*ast.Term, *ast.Term) (*ast.Term, *ast.Term, error)) (ast.Object, error) {
	return w.whole().Map(f)
}

// Diff implements [ast.Object].
func (w *watched) Diff(other ast.Object) ast.Object { return w.whole().Diff(other) }

// Intersect implements [ast.Object].
func (w *watched) Intersect(other ast.Object) [][3]*ast.Term { return w.whole().Intersect(other) }

// Merge implements [ast.Object].
func (w *watched) Merge(other ast.Object) (ast.Object, bool) { return w.whole().Merge(other) }

// MergeWith implements [ast.Object].
func (w *watched) MergeWith(other ast.Object, conflict func(a, b *ast.Term) (*ast.Term, bool)) (ast.Object, bool) {
	return w.whole().MergeWith(other, conflict)
}

// Filter implements [ast.Object].
func (w *watched) Filter(filter ast.Object) (ast.Object, error) { return w.whole().Filter(filter) }

// Keys implements [ast.Object].
func (w *watched) Keys() []*ast.Term { return w.whole().Keys() }

// KeysIterator implements [ast.Object].
func (w *watched) KeysIterator() ast.ObjectKeysIterator { return w.whole().KeysIterator() }
