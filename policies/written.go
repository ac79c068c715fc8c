package policies

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// sketch is a value as far as a rule contains it as constants. The rest is filled in: with null if not even the type is known,
// otherwise with any value of the type.
type sketch struct {
	value   any
	unknown map[string]bool          // by place: nothing is known
	typed   map[string]bool          // by place: only the type is known
	written map[string]*ast.Location // by place: its location in the source
	leading []*ast.Term              // terms in it that lead to another rule
	instead map[*ast.Term]*ast.Term  // terms that are used in place of some of leading
}

func newSketch() *sketch {
	return &sketch{unknown: map[string]bool{}, typed: map[string]bool{}, written: map[string]*ast.Location{}}
}

// key returns the map key of a place.
func key(path []string) string {
	if len(path) == 0 {
		return ""
	}
	return "/" + strings.Join(path, "/")
}

// counts says whether a fault comes from the written constants, and not from the values that were filled in.
func (s *sketch) counts(f fault) bool {
	for n := range len(f.path) {
		if p := key(f.path[:n]); s.unknown[p] || s.typed[p] {
			return false
		}
	}
	p := key(f.path)
	switch f.kind.(type) {
	case *kind.AdditionalProperties, *kind.Required: // the fault is in a name
		return true
	case *kind.Type:
		return !s.unknown[p]
	}
	return !s.unknown[p] && !s.typed[p]
}

// where returns the location of a fault, or the nearest one above it.
func (s *sketch) where(path []string) *ast.Location {
	for n := len(path); n > 0; n-- {
		if l := s.written[key(path[:n])]; l != nil {
			return l
		}
	}
	return s.written[""]
}

// fill sketches a term at a place. The type is nil if it is not known.
func (s *sketch) fill(t *ast.Term, of types.Type, path []string) any {
	if other := s.instead[t]; other != nil {
		t, of = other, nil
	}
	s.written[key(path)] = t.Location
	switch v := t.Value.(type) {
	case ast.Boolean, ast.Number, ast.String:
		if constant, err := ast.JSON(v); err == nil {
			return constant
		}
	case ast.Object:
		if object, ok := s.fillObject(v, of, path); ok {
			return object
		}
	case *ast.Array:
		return s.fillList(v.Foreach, path)
	case ast.Set:
		return s.fillList(v.Foreach, path)
	case ast.Ref, ast.Var:
		s.leading = append(s.leading, t)
	}
	return s.fillType(of, path)
}

// fillObject sketches an object. ok is false if it has a computed name.
func (s *sketch) fillObject(o ast.Object, of types.Type, path []string) (map[string]any, bool) {
	members := map[string]any{}
	for _, k := range o.Keys() {
		name, ok := k.Value.(ast.String)
		if !ok {
			return nil, false
		}
		var below types.Type
		if of != nil {
			below = types.Select(of, string(name))
		}
		members[string(name)] = s.fill(o.Get(k), below, append(slices.Clone(path), string(name)))
	}
	return members, true
}

func (s *sketch) fillList(each func(func(*ast.Term)), path []string) any {
	list := []any{}
	each(func(t *ast.Term) {
		list = append(list, s.fill(t, nil, append(slices.Clone(path), strconv.Itoa(len(list)))))
	})
	return list
}

// fillType returns a value of a type.
func (s *sketch) fillType(of types.Type, path []string) any {
	p := key(path)
	s.typed[p] = true
	switch of := of.(type) {
	case types.String:
		return ""
	case types.Number:
		return 0
	case types.Boolean:
		return false
	case *types.Array, *types.Set:
		return []any{}
	case *types.Object:
		members := map[string]any{}
		if of.DynamicProperties() != nil {
			return members // it may have further members
		}
		delete(s.typed, p)
		for _, m := range of.StaticProperties() {
			name, ok := m.Key.(string)
			if !ok {
				break
			}
			members[name] = s.fillType(m.Value, append(slices.Clone(path), name))
		}
		return members
	}
	delete(s.typed, p)
	s.unknown[p] = true
	return nil
}

// union sketches the union of objects as object.union does: the later object counts. It returns false if too little is known.
func (s *sketch) union(objects []*ast.Term, inferred map[*ast.Term]types.Type) bool {
	for i, t := range objects {
		next := newSketch()
		next.instead = s.instead
		next.value = next.fill(t, inferred[t], nil)
		if i == 0 {
			*s = *next
			continue
		}
		earlier, ok := s.value.(map[string]any)
		later, also := next.value.(map[string]any)
		if !ok || !also || s.typed[""] || next.typed[""] {
			return false
		}
		for name, value := range later {
			place := "/" + name
			_, both := earlier[name]
			if _, object := value.(map[string]any); both && object { // object.union merges these, too
				next.unknown[place], value = true, nil
			}
			earlier[name] = value
			s.forget(place)
		}
		maps.Copy(s.unknown, next.unknown)
		maps.Copy(s.typed, next.typed)
		maps.Copy(s.written, next.written)
		s.leading = append(s.leading, next.leading...)
	}
	return true
}

// forget removes what is noted about a place and the places below it.
func (s *sketch) forget(place string) {
	for _, noted := range []map[string]bool{s.unknown, s.typed} {
		maps.DeleteFunc(noted, func(p string, _ bool) bool { return p == place || strings.HasPrefix(p, place+"/") })
	}
	maps.DeleteFunc(s.written, func(p string, _ *ast.Location) bool { return p == place || strings.HasPrefix(p, place+"/") })
}
