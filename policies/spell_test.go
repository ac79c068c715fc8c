package policies

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// aValue is any value that JSON can be decoded to.
func aValue(t *rapid.T, depth int) any {
	switch rapid.IntRange(0, 4+2*min(depth, 1)).Draw(t, "kind") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "flag")
	case 2:
		return rapid.SampledFrom([]float64{-1, 0, 1, 0.5, 256}).Draw(t, "number")
	case 3, 4:
		return odd.Draw(t, "text")
	case 5:
		list := []any{}
		for range rapid.IntRange(0, 2).Draw(t, "length") {
			list = append(list, aValue(t, depth-1))
		}
		return list
	}
	object := map[string]any{}
	for range rapid.IntRange(0, 3).Draw(t, "size") {
		object[odd.Draw(t, "name")] = aValue(t, depth-1)
	}
	return object
}

// If one spelling were the beginning of another, the value after it could make two different keys equal.
func TestNoValueIsSpelledAsAnotherOneBegins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := aValue(t, 3), aValue(t, 3)
		if rapid.Bool().Draw(t, "near") {
			b = map[string]any{"a": a}
			a = map[string]any{rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"): rapid.SampledFrom([]any{a, nil}).Draw(t, "value")}
		}
		inA, inB := string(spell(nil, reflect.ValueOf(&a))), string(spell(nil, reflect.ValueOf(&b)))
		if alike := reflect.DeepEqual(a, b); alike != (inA == inB) || !alike && (strings.HasPrefix(inA, inB) || strings.HasPrefix(inB, inA)) {
			t.Fatalf("%#v is %q, %#v is %q", a, inA, b, inB)
		}
	})
}

func TestWhatOnlyLooksAlikeIsSpelledDifferently(t *testing.T) {
	type node struct {
		Next *node
		Name string
	}
	spelled := []string{string(spell(nil, reflect.Value{}))} // a missing value
	values := []any{
		nil, false, true, 0.0, 1.0, "", "0", "1", "false", "null", json.Number("1"), []any{}, []any{""}, []any{"", ""}, []any{"as", "b"}, []any{"a", "sb"},
		[]any{[]any{"a"}, "b"}, []any{[]any{"a", "b"}}, map[string]any{}, map[string]any{"": ""}, map[string]any{"a": "b"}, map[string]any{"ab": ""},
		map[string]any{"a": []any{}}, &node{}, &node{Next: &node{}},
	}
	for _, v := range values {
		spelled = append(spelled, string(spell(nil, reflect.ValueOf(&v))))
	}
	for i, a := range spelled {
		for j, b := range spelled {
			if i != j && strings.HasPrefix(a, b) {
				t.Errorf("%q begins as %q: numbers %d and %d of nothing and %#v", a, b, i, j, values)
			}
		}
	}
}

// Otherwise, a field of a kind that cannot be spelled would fail only at the first sign-in of a policy that reads it.
func TestEachFieldOfTheInputCanBeSpelled(t *testing.T) {
	in := RecordInput{
		Input:  &Input{Challenge: &Challenge{}, Request: Request{Headers: map[string]string{"a": "b"}}},
		Result: &Decision{Capabilities: []string{"a"}, Limits: &Limits{}},
	}
	if key := spell(nil, reflect.ValueOf(in)); len(key) == 0 {
		t.Error("it is nothing")
	}
}
