package proof

import (
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"nidan/policies"
)

// kind is what values a fact has.
type kind int

const (
	truth      kind = iota // true or false
	number                 // a whole number, not below 0
	text                   // any text, unless the choices are closed
	instant                // a time (RFC 3339)
	presence               // whether the object is there at all
	entry                  // a text in a map, or nothing
	flag                   // true or false in a map, or nothing
	list                   // anything else
	comparison             // how the number stands to another one
)

// fact is one of the input's.
type fact struct {
	name     string // as policies write it, without "input.": account.role
	kind     kind
	than     string   // of a comparison: the other number
	choices  []string // that the schema names
	closed   bool     // there is no other choice
	min, max int      // of a number; a max of 0: none
	absent   ast.Value
	optional bool // it may be left out: then it is absent
}

// open are the facts whose choices are Kratos' own words: a later Kratos may have others. Those of the other choices are Nidan's.
func open(name string) bool {
	return name == "request.flow_type" || strings.HasSuffix(name, ".flow_type") || strings.HasSuffix(name, ".state") && name != "result.state"
}

// place is where in the input something stands: a fact, or an object of them.
type place struct {
	name     string
	fact     *fact // nil: an object that is always there
	fields   map[string]*place
	order    []string // names of the fields
	anything bool     // an object with any names, each with a text, or with true or false
	of       kind     // of these
}

// placesOf are the places of an input of a type, told by its JSON and its schema tags.
func placesOf(t reflect.Type) *place { return placeOf(t, "", reflect.StructField{}) }

func placeOf(t reflect.Type, name string, field reflect.StructField) *place {
	_, options, _ := strings.Cut(field.Tag.Get("json"), ",")
	f := &fact{name: name, optional: options != ""}
	switch {
	case t == reflect.TypeFor[time.Time]():
		f.kind = instant
	case t.Kind() == reflect.Pointer:
		p := placeOf(t.Elem(), name, reflect.StructField{})
		p.fact = &fact{name: name, kind: presence}
		if !f.optional {
			p.fact.absent = ast.NullValue
		}
		return p
	case t.Kind() == reflect.Struct:
		p := &place{name: name, fields: make(map[string]*place)}
		for i := range t.NumField() {
			field := t.Field(i)
			key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			p.order = append(p.order, key)
			p.fields[key] = placeOf(field.Type, join(name, key), field)
		}
		return p
	case t.Kind() == reflect.Map:
		p := &place{name: name, anything: true, of: entry, fields: make(map[string]*place)}
		if t.Elem().Kind() == reflect.Bool {
			p.of = flag
		}
		return p
	case t.Kind() == reflect.Bool:
		f.kind = truth
	case t.Kind() == reflect.Int:
		f.kind = number
		f.min, f.max = numberIn(field, "minimum"), numberIn(field, "maximum")
	case t.Kind() == reflect.String:
		f.kind, f.choices = text, choicesOf(t, field)
		f.closed = f.choices != nil && !open(name)
	default:
		f.kind = list
	}
	return &place{name: name, fact: f}
}

// parts are those of a schema tag. A comma within one is written "\,".
func parts(field reflect.StructField) []string {
	return strings.Split(strings.ReplaceAll(field.Tag.Get("jsonschema"), `\,`, ";"), ",")
}

func choicesOf(t reflect.Type, field reflect.StructField) (choices []string) {
	if t == reflect.TypeFor[policies.ConsoleAction]() {
		for _, a := range policies.ConsoleActions() {
			choices = append(choices, string(a))
		}
		return choices
	}
	for _, part := range parts(field) {
		if value, ok := strings.CutPrefix(part, "enum="); ok {
			choices = append(choices, value)
		}
	}
	return choices
}

func numberIn(field reflect.StructField, name string) (n int) {
	for _, part := range parts(field) {
		if value, ok := strings.CutPrefix(part, name+"="); ok {
			n, _ = strconv.Atoi(value)
		}
	}
	return n
}

// all are the facts of a place, in order. Those in a map are not among them: their names are the policies'.
func (p *place) all() (facts []*fact) {
	if p.fact != nil {
		facts = append(facts, p.fact)
	}
	for _, name := range p.order {
		facts = append(facts, p.fields[name].all()...)
	}
	return facts
}

// factAt is the fact of that name. It is nil where there is none, as of a text in a map.
func (p *place) factAt(name string) *fact {
	for _, part := range strings.Split(name, ".") {
		if p = p.fields[part]; p == nil {
			return nil
		}
	}
	return p.fact
}

// nameIn is the name of a fact, or of all that stand in the same map.
func (p *place) nameIn(f *fact) string {
	if f.kind != entry && f.kind != flag {
		return f.name
	}
	for _, part := range strings.Split(f.name, ".") {
		if p = p.fields[part]; p.anything {
			break
		}
	}
	return p.name + ".*"
}

func isAddress(v ast.Value) bool {
	s, ok := v.(ast.String)
	if !ok {
		return false
	}
	_, err := netip.ParseAddr(string(s))
	return err == nil
}

func join(name, key string) string {
	if name == "" {
		return key
	}
	return name + "." + key
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
