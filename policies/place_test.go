package policies

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// decoded returns an input as it is after its record was read.
func decoded(t *rapid.T, in Input) (m map[string]any) {
	raw, err := json.Marshal(in)
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// pathsIn returns the paths to all values in an object, at any depth, and the path of the object itself.
func pathsIn(object any, path ...string) [][]string {
	all := [][]string{path}
	m, _ := object.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		all = append(all, pathsIn(m[name], append(slices.Clone(path), name)...)...)
	}
	return all
}

// standsAt returns the value at a path, as a policy reads it.
func standsAt(v any, path []string) (_ any, there bool) {
	for _, name := range path {
		m, _ := v.(map[string]any)
		if v, there = m[name]; !there {
			return nil, false
		}
	}
	return v, true
}

// aPair returns two inputs that differ in a few facts at most.
func aPair(t *rapid.T, paths [][]string) (a, b Input) {
	a = anInput(t)
	raw, err := json.Marshal(a)
	if err == nil {
		err = json.Unmarshal(raw, &b)
	}
	if err != nil {
		t.Fatal(err)
	}
	for range rapid.IntRange(0, 3).Draw(t, "differences") {
		path := rapid.SampledFrom(paths).Draw(t, "differs")
		if fact := placeIn(reflect.TypeFor[Input](), path).in(reflect.ValueOf(&b)); fact.CanSet() {
			fill(t, fact)
		}
	}
	return a, b
}

func TestKeysAreAlikeOfInputsThatAreAlikeInWhatIsReadAndOfNoOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := Input{Challenge: &Challenge{}, Request: Request{Headers: map[string]string{"a": "", "a.b": "", "0": ""}}}
		paths := pathsIn(decoded(t, whole))
		a, b := aPair(t, paths)
		for _, path := range paths {
			paths = append(paths, append(slices.Clone(path), "nothing"))
		}
		reads := rapid.SliceOfN(rapid.SampledFrom(paths), 0, 4).Draw(t, "reads")
		alike := true
		var fields, members known[int]
		for _, path := range reads {
			fields.places = append(fields.places, placeIn(reflect.TypeFor[*Input](), path))
			members.places = append(members.places, placeIn(reflect.TypeFor[map[string]any](), path))
			inA, thereA := standsAt(decoded(t, a), path)
			inB, thereB := standsAt(decoded(t, b), path)
			alike = alike && thereA == thereB && reflect.DeepEqual(inA, inB)
		}
		if got := fields.key(reflect.ValueOf(&a)) == fields.key(reflect.ValueOf(&b)); got != alike {
			t.Fatalf("in %v the inputs are alike: %v, their keys: %v\n%+v\n%+v", reads, alike, got, a, b)
		}
		if got := members.key(reflect.ValueOf(decoded(t, a))) == members.key(reflect.ValueOf(decoded(t, b))); got != alike {
			t.Fatalf("in %v the inputs are alike: %v, their keys once they are decoded: %v\n%+v\n%+v", reads, alike, got, a, b)
		}
	})
}
