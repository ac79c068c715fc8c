package config

import (
	"reflect"
	"strings"
	"time"
)

// field is one key with a value. [fields] reads it from the struct, so that a developer writes a new setting in one place only.
type field struct {
	key    string // such as "mail.smtp.port"
	index  []int  // of the struct's field in Config, for reflect
	kind   reflect.Type
	secret bool // never shown; NIDAN_..._FILE can name a file with the value

	rotates bool // read again on SIGHUP; NIDAN_..._FILE can name a file with the value
}

// variable returns the name of the environment variable.
func (f field) variable() string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(f.key, ".", "_"))
}

// value returns the value of the field in c.
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
