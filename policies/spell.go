package policies

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
)

var (
	aMoment = reflect.TypeFor[time.Time]()
	aNumber = reflect.TypeFor[json.Number]()
)

// spell appends a value to a key. Two values have the same spelling only if policies cannot distinguish them. No spelling is the
// beginning of another one, so in a row of values it is clear where each one ends.
func spell(key []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Invalid:
		return append(key, '-')
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		if v.IsNil() {
			return append(key, '0')
		}
	}
	switch {
	case v.Kind() == reflect.Bool && v.Bool():
		return append(key, 't')
	case v.Kind() == reflect.Bool:
		return append(key, 'f')
	case v.Kind() == reflect.String && v.Type() == aNumber:
		return spellText(append(key, 'n'), v.String())
	case v.Kind() == reflect.String:
		return spellText(append(key, 's'), v.String())
	case v.CanInt():
		return binary.AppendVarint(append(key, 'i'), v.Int())
	case v.CanFloat():
		return binary.BigEndian.AppendUint64(append(key, 'd'), math.Float64bits(v.Float()))
	case v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface:
		return spell(key, v.Elem())
	case v.Kind() == reflect.Map:
		return spellMap(binary.AppendUvarint(append(key, 'm'), uint64(v.Len())), v)
	case v.Kind() == reflect.Slice:
		key = binary.AppendUvarint(append(key, 'l'), uint64(v.Len()))
		for i := range v.Len() {
			key = spell(key, v.Index(i))
		}
		return key
	case v.Type() == aMoment:
		return spellText(append(key, 's'), v.Interface().(time.Time).Format(time.RFC3339Nano))
	case v.Kind() == reflect.Struct:
		key = append(key, 'o')
		for i := range v.NumField() {
			key = spell(key, v.Field(i))
		}
		return key
	}
	panic("cannot spell a " + v.Kind().String()) // no field of an input has this kind, and JSON is not decoded to it
}

func spellText(key []byte, text string) []byte {
	return append(binary.AppendUvarint(key, uint64(len(text))), text...)
}

// spellMap appends the entries of a map in the order of their names.
func spellMap(key []byte, v reflect.Value) []byte {
	var room [16]string
	switch m := v.Interface().(type) { // reflection would allocate memory for each name and value
	case map[string]string:
		for _, name := range inOrder(room[:0], m) {
			key = spellText(spellText(key, name), m[name])
		}
		return key
	case map[string]bool:
		for _, name := range inOrder(room[:0], m) {
			key = spell(spellText(key, name), reflect.ValueOf(m[name]))
		}
		return key
	}
	names := v.MapKeys()
	slices.SortFunc(names, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, name := range names {
		key = spell(spellText(key, name.String()), v.MapIndex(name))
	}
	return key
}

func inOrder[V any](names []string, m map[string]V) []string {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
