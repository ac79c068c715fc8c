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

// kind says what values a fact has.
type kind int

const (
	truth      kind = iota // true or false
	number                 // an integer, 0 or more
	text                   // any text, unless the choices are closed
	instant                // a time (RFC 3339)
	presence               // whether an optional object is in the input
	entry                  // a text in a map; may be missing
	flag                   // true or false in a map; may be missing
	list                   // any other type, which is not enumerated
	comparison             // below, equal or above: how this number compares with another number
)

// fact is one value of the input that policies can read.
type fact struct {
	name     string // as in policies, without "input.": account.role
	kind     kind
	than     string   // of a comparison: the name of the other number
	choices  []string // the values that the schema lists
	closed   bool     // no value outside choices is possible
	min, max int      // limits of a number; a max of 0 means no maximum
	absent   ast.Value
	optional bool // the fact may be missing from the JSON
}

// open says whether the choices of a fact are words of Kratos, because a later Kratos may add words. The words of other facts are
// Nidan's own.
func open(name string) bool {
	return name == "request.flow_type" || strings.HasSuffix(name, ".flow_type") || strings.HasSuffix(name, ".state") && name != "result.state"
}

// place is a node in the tree of the input: a fact, or an object with places in it.
type place struct {
	name     string
	fact     *fact // nil: an object that is always in the input
	fields   map[string]*place
	order    []string // names of the fields, in the order of the struct
	anything bool     // a map with any names; each value is a text, or true or false
	of       kind     // the kind of the map's values: entry or flag
}

// placesOf returns the tree of places for an input type, from its JSON and schema tags.
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

// parts splits a schema tag at its commas. A comma inside a part is written "\,".
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

// all returns the facts below a place, in order. Entries of maps are not included: only the policies know their names.
func (p *place) all() (facts []*fact) {
	if p.fact != nil {
		facts = append(facts, p.fact)
	}
	for _, name := range p.order {
		facts = append(facts, p.fields[name].all()...)
	}
	return facts
}

// factAt returns the fact with this name. It is nil if there is none, for example for an entry of a map.
func (p *place) factAt(name string) *fact {
	for _, part := range strings.Split(name, ".") {
		if p = p.fields[part]; p == nil {
			return nil
		}
	}
	return p.fact
}

// nameIn returns the name of a fact. All entries of one map share one name, such as "request.headers.*".
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
