package policies

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"pgregory.net/rapid"
)

// odd are names and texts with a special meaning in some format, and texts that begin or end alike.
var odd = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
	"", "a", "b", "ab", "a.b", "0", "1", "-1", "-", ",", "*", "?", "#", "|", "@this", ":1", "a/b~c", "~0", "~1", "~01", `\`, `\"`, `"`, "{", "[", "]}",
	"<&>", "é", "\u2028", "\x00", "日本", "null", "true", "%", "!", "a=b", "(", "\U0001F511",
}))

// fill sets a value to any value of its type.
func fill(t *rapid.T, v reflect.Value) {
	some := func() bool { return rapid.Bool().Draw(t, "some") }
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(some())
	case reflect.Int:
		v.SetInt(rapid.Int64Range(-2, 300).Draw(t, "number"))
	case reflect.String:
		v.SetString(odd.Draw(t, "text"))
	case reflect.Pointer:
		v.SetZero()
		if some() {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Map:
		v.SetZero()
		if some() {
			if v.Type().Elem().Kind() == reflect.Bool {
				v.Set(reflect.ValueOf(rapid.MapOfN(odd, rapid.Bool(), 0, 20).Draw(t, "map")))
				return
			}
			v.Set(reflect.ValueOf(rapid.MapOfN(odd, odd, 0, 20).Draw(t, "map")))
		}
	case reflect.Slice:
		v.SetZero()
		if some() {
			list := reflect.MakeSlice(v.Type(), rapid.IntRange(0, 3).Draw(t, "length"), 3)
			for i := range list.Len() {
				fill(t, list.Index(i))
			}
			v.Set(list)
		}
	case reflect.Struct:
		if v.Type() == aMoment {
			v.Set(reflect.ValueOf(time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "second"), rapid.SampledFrom([]int64{0, 1, 5e8}).Draw(t, "fraction")).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("no value is known of a %s", v.Kind())
	}
}

// anInput is any input at all.
func anInput(t *rapid.T) (in Input) {
	fill(t, reflect.ValueOf(&in).Elem())
	return in
}

func TestOPAIsGivenWhatItWouldReadFromJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in RecordInput
		fill(t, reflect.ValueOf(&in).Elem())
		raw, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ast.ValueFromReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := valueOf(reflect.ValueOf(in)); err != nil || got.Compare(want) != 0 {
			t.Fatalf("got  %v, %v\nwant %v", got, err, want)
		}
	})
}

func TestWhatCannotBeJSONIsNoValueForOPA(t *testing.T) {
	in := Input{Now: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}
	if v, err := valueOf(reflect.ValueOf(in)); err == nil || !strings.Contains(err.Error(), "year") {
		t.Errorf("got %v, %v", v, err)
	}
}
