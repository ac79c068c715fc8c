package config

import (
	"reflect"
	"strings"
	"time"
)

// field is one key that holds a value. All that is known about it is read off the struct, so that a new setting is
// written down once.
type field struct {
	key    string // "mail.smtp.port"
	index  []int  // where it is in Config, for reflect
	kind   reflect.Type
	secret bool // never shown; can be read from a file of its own

	rotates bool // can be taken anew while the program runs; can be read from a file of its own
}

// variable is the environment variable of the field.
func (f field) variable() string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(f.key, ".", "_"))
}

// value is the field of that configuration.
func (f field) value(c Config) any { return reflect.ValueOf(c).FieldByIndex(f.index).Interface() }

var (
	listType     = reflect.TypeFor[[]string]()
	numberType   = reflect.TypeFor[int]()
	switchType   = reflect.TypeFor[bool]()
	durationType = reflect.TypeFor[time.Duration]()
)

// fields lists every key in the order of the struct.
func fields() []field { return fieldsOf(reflect.TypeFor[Config](), "", nil) }

func fieldsOf(group reflect.Type, prefix string, index []int) []field {
	var all []field
	for i := range group.NumField() {
		f := group.Field(i)
		key := prefix + f.Tag.Get("koanf")
		at := append(append([]int{}, index...), i)
		if f.Type.Kind() == reflect.Struct {
			all = append(all, fieldsOf(f.Type, key+".", at)...)
			continue
		}
		all = append(all, field{key: key, index: at, kind: f.Type, secret: f.Tag.Get("secret") != "", rotates: f.Tag.Get("rotates") != ""})
	}
	return all
}
