package policies

import (
	"reflect"
	"slices"
)

// place is the path to a value in an input, prepared for a type.
type place []step

// step leads to a field of a struct, or to a member of a map that was decoded from JSON.
type step struct {
	field int           // index of the field; -1: the struct has no such field
	name  reflect.Value // of the member: a string
}

// placeIn looks up a path in a type once, so that it need not be looked up for each value.
func placeIn(t reflect.Type, path []string) place {
	p := make(place, len(path))
	for i, name := range path {
		p[i] = step{-1, reflect.ValueOf(name)}
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		switch t.Kind() {
		case reflect.Struct:
			p[i].field = slices.IndexFunc(membersOf(t), func(m member) bool { return m.name == name })
			if p[i].field >= 0 {
				t = t.Field(p[i].field).Type
			}
		case reflect.Map:
			t = t.Elem()
		}
	}
	return p
}

// in returns the value at the place. It is not valid if there is none.
func (p place) in(v reflect.Value) reflect.Value {
	for _, s := range p {
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		switch {
		case v.Kind() == reflect.Struct && s.field >= 0:
			v = v.Field(s.field)
		case v.Kind() == reflect.Map:
			v = v.MapIndex(s.name)
		default:
			return reflect.Value{}
		}
	}
	return v
}
