package policies

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// member is a field of a struct, as in JSON.
type member struct {
	name     string
	term     *ast.Term // the name as an OPA term
	optional bool      // left out if it is empty
}

var membersByType sync.Map // by reflect.Type: []member

// membersOf returns the fields of a struct. Each field must have a JSON name.
func membersOf(t reflect.Type) []member {
	if all, ok := membersByType.Load(t); ok {
		return all.([]member)
	}
	all := make([]member, t.NumField())
	for i := range all {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		all[i] = member{name, ast.StringTerm(name), options == "omitempty" || options == "omitzero"}
	}
	membersByType.Store(t, all)
	return all
}

// isEmpty says whether JSON leaves an optional value out.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}

var marshaler = reflect.TypeFor[json.Marshaler]()

// valueOf returns the value that OPA would read from a value's JSON, without encoding to JSON.
func valueOf(v reflect.Value) (ast.Value, error) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if v.IsNil() {
			return ast.NullValue, nil
		}
	}
	if v.Kind() == reflect.Pointer {
		return valueOf(v.Elem())
	}
	if v.Kind() != reflect.Struct || v.Type().Implements(marshaler) {
		return ast.InterfaceToValue(v.Interface())
	}
	members := membersOf(v.Type())
	pairs := make([][2]*ast.Term, 0, len(members))
	for i, m := range members {
		if m.optional && isEmpty(v.Field(i)) {
			continue
		}
		below, err := valueOf(v.Field(i))
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, [2]*ast.Term{m.term, ast.NewTerm(below)})
	}
	return ast.NewObject(pairs...), nil
}
