package policies

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
)

var update = flag.Bool("update", false, "write schema/ anew from the structs")

// inputs are the inputs of policies. Go always sends all fields.
var inputs = map[string]any{
	"input": &Input{}, "capabilities": &CapabilitiesInput{}, "settings": &SettingsInput{}, "console": &ConsoleInput{}, "record": &RecordInput{},
}

// outputs are the answers of policies, and their data. Some fields may be left out.
var outputs = map[string]any{
	loginSchema: &Decision{}, capabilitiesSchema: &Capabilities{}, settingsSchema: &SettingsDecision{}, consoleSchema: &ConsoleDecision{},
	maskSchema: &[]maskRule{}, parametersSchema: &Parameters{},
	"custom_refusal": &[]CustomRefusal{}, "custom_challenge": &[]CustomChallenge{}, "custom_reason": &[]CustomReason{},
	"custom_capability": &[]CustomCapability{},
}

// asWritten returns the schema of a type that policies write in a form of its own; nil for other types.
func asWritten(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[Message](): // or a string
		byLanguage := (&jsonschema.Reflector{DoNotReference: true, Anonymous: true}).ReflectFromType(t)
		byLanguage.Version = ""
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, byLanguage}}
	case reflect.TypeFor[MethodUse]():
		return &jsonschema.Schema{Type: "string", Enum: methodUses}
	case reflect.TypeFor[Way]():
		return &jsonschema.Schema{Type: "string", Enum: []any{ByAAL2, ByEmail}}
	case reflect.TypeFor[Day]():
		return &jsonschema.Schema{Type: "string", Title: "a day such as 2027-01-01", Pattern: `^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`}
	case reflect.TypeFor[Text]():
		one := uint64(1)
		return &jsonschema.Schema{Type: "string", MinLength: &one}
	case reflect.TypeFor[Prefix]():
		return &jsonschema.Schema{
			Type: "string", Title: "the beginning of an address with its host, up to a /, such as https://kiosk.example.com/",
			Pattern: `^[a-z][a-z0-9+.-]*://[^/?#\\]+/([^?#\\]*/)?$`,
		}
	case reflect.TypeFor[Version](): // a version that the shipped policies can compare
		const number = `(0|[1-9]\d{0,17})`
		const rest = `(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?`
		return &jsonschema.Schema{
			Type: "string", Title: "a version such as 3.5.0 or 4",
			Pattern: `^(` + number + `(\.` + number + `){0,2}|` + number + `\.` + number + `\.` + number + rest + `)$`,
		}
	}
	return nil
}

// schemaOf returns the contents of the file in schema/ with this name.
func schemaOf(t *testing.T, name string) []byte {
	t.Helper()
	r := jsonschema.Reflector{DoNotReference: true, Anonymous: true}
	of, isInput := inputs[name]
	if !isInput {
		of, r.RequiredFromJSONSchemaTags, r.Mapper = outputs[name], true, asWritten
	}
	s := r.Reflect(of)
	if name == loginSchema {
		ofDecisions(s)
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

// ofDecisions adds what is required for one action only. The terms of a code must be in range for a challenge. For the other
// actions, they are not used, and may be any integers.
func ofDecisions(s *jsonschema.Schema) {
	code, _ := s.Properties.Get("code")
	strict := *code
	strict.Description = ""
	code.Required, code.Properties = nil, jsonschema.NewProperties()
	for name := range strict.Properties.KeysFromOldest() {
		code.Properties.Set(name, &jsonschema.Schema{Type: "integer"})
	}
	challenge := &jsonschema.Schema{Required: []string{"code"}, Properties: jsonschema.NewProperties()}
	challenge.Properties.Set("code", &strict)
	one := uint64(1)
	needing := &jsonschema.Schema{Required: []string{"needs"}, Properties: jsonschema.NewProperties()}
	needing.Properties.Set("needs", &jsonschema.Schema{MinItems: &one})
	s.AllOf = []*jsonschema.Schema{
		{If: needing, Then: is("action", ActionRefuse)},
		when("action", ActionChallenge, challenge),
		when("second_step", SecondStepRemembered, is("action", ActionAllow)), when("second_step", SecondStepPassed, is("action", ActionAllow)),
		when("second_step", SecondStepEnrolOnly, is("action", ActionChallenge)),
	}
}

func is(field string, value any) *jsonschema.Schema {
	s := &jsonschema.Schema{Properties: jsonschema.NewProperties()}
	s.Properties.Set(field, &jsonschema.Schema{Const: value})
	return s
}

func when(field string, value any, then *jsonschema.Schema) *jsonschema.Schema {
	condition := is(field, value)
	condition.Required = []string{field}
	return &jsonschema.Schema{If: condition, Then: then}
}

// Policies and their answers are checked against the schemas, so the schemas must match exactly what Go sends and accepts.
func TestSchemasAreThoseOfTheStructs(t *testing.T) {
	var names []string
	for _, of := range []map[string]any{inputs, outputs} {
		for name := range of {
			names = append(names, path.Base(schemaFile(name)))
			file, want := schemaFile(name), schemaOf(t, name)
			if *update {
				if err := os.WriteFile(file, want, 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			have, err := schemaFiles.ReadFile(file)
			if err != nil || !bytes.Equal(have, want) {
				t.Errorf("%s is not that of the struct (%v): go test ./policies -run TestSchemas -update", file, err)
			}
		}
	}
	files, err := os.ReadDir("schema")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(names, f.Name()) {
			t.Errorf("%s is the schema of nothing", path.Join("schema", f.Name()))
		}
	}
	if len(names) != len(files) && !*update {
		t.Errorf("there are %d schemas, want %s", len(files), strings.Join(names, ", "))
	}
}

func TestTheSchemaOfTheParametersIsThatOfWhatShips(t *testing.T) {
	s, err := Load(Shipped())
	if err != nil {
		t.Fatal(err)
	}
	all, err := shapes()
	if err != nil {
		t.Fatal(err)
	}
	shipped, known := s.data["parameters"].(map[string]any), all[parametersSchema].Properties
	for _, group := range []string{"", "code", "limits"} {
		members, properties := shipped, known
		if group != "" {
			members, properties = shipped[group].(map[string]any), known[group].Properties
		}
		known := slices.DeleteFunc(slices.Sorted(maps.Keys(properties)), func(name string) bool { return olderParameters[name] != "" })
		if got, want := known, slices.Sorted(maps.Keys(members)); !slices.Equal(got, want) {
			t.Errorf("%s: the schema has %v, and data.json %v", group, got, want)
		}
	}
}

// A minimum version that the shipped policies cannot compare fails at each sign-in: the gate must refuse it, and must accept all
// others.
func TestTheSchemaOfAVersionIsWhatCanBeCompared(t *testing.T) {
	for _, version := range []string{
		"4", "3.6", "3.5.0", "0", "0.0.1", "10.20.30", "3.5.0-rc1", "3.5.0+build7", "3.5.0-rc.1+b.2", "123456789",
		"", "newest", "3.5.0.1", "03.5.0", "03", "3.", ".5", "3.5-rc1", "-1", "4 ", "４", "1234567890123456789012", "3.5.0-", "3.5.0+",
	} {
		set := shippedWith(t, map[string]any{"channels.softphone.minimum_version": version})
		e, err := New(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		_, incomparable := e.Login(t.Context(), asked())
		wrong, err := e.set.wrongParameters()
		if err != nil {
			t.Fatal(err)
		}
		if (incomparable == nil) != (len(wrong) == 0) {
			t.Errorf("%q: by the schema it has %v, and it is compared with %v", version, wrong, incomparable)
		}
	}
}

// For the other answers, the schemas must accept what the decoders accept.
func TestTheOtherSchemasAreWhatIsTaken(t *testing.T) {
	for schema, tc := range map[string]struct {
		decode  func(any) error
		answers []any
	}{
		capabilitiesSchema: {func(v any) error { _, err := decodeCapabilities(v); return err }, []any{
			map[string]any{"capabilities": []any{"a"}, "reasons": map[string]any{"b": "c"}}, map[string]any{"capabilities": []any{}},
			map[string]any{"capabilities": "a", "reasons": map[string]any{}}, map[string]any{"capabilities": []any{}, "reasons": map[string]any{"a": 1}},
			map[string]any{"capabilities": []any{}, "reasons": map[string]any{}, "more": 1}, "a",
		}},
		settingsSchema: {func(v any) error { _, err := decodeSettings(v); return err }, []any{
			map[string]any{"action": "allow", "reason": "r"}, map[string]any{"action": "challenge", "reason": "r"}, map[string]any{"action": "refuse"},
			map[string]any{"action": "refuse", "reason": ""}, map[string]any{"action": "refuse", "reason": "r", "more": 1},
		}},
		consoleSchema: {func(v any) error { _, err := decodeConsole(v); return err }, []any{
			map[string]any{"allow": true, "reason": "r"}, map[string]any{"reason": "r"}, map[string]any{"allow": "yes", "reason": "r"},
			map[string]any{"allow": true, "reason": ""}, map[string]any{"allow": true, "reason": "r", "more": 1},
		}},
		maskSchema: {func(v any) error { _, err := decodeMask(v); return err }, []any{
			[]any{}, []any{map[string]any{"op": "remove", "path": "/input/a"}}, []any{map[string]any{"op": "upsert", "path": "/result/a", "value": 1}},
			[]any{map[string]any{"op": "hash", "path": "/input/a"}}, []any{map[string]any{"op": "remove", "path": "/a"}},
			[]any{map[string]any{"op": "remove"}}, []any{map[string]any{"op": "remove", "path": "/input/a", "more": 1}}, map[string]any{},
		}},
	} {
		taken := 0
		for _, answer := range tc.answers {
			decoded := tc.decode(answer)
			found, err := faults(schema, answer, func(fault) bool { return true })
			if err != nil || (decoded == nil) != (len(found) == 0) {
				t.Errorf("%s: %v is decoded with %v, and by the schema it has %v, %v", schema, answer, decoded, found, err)
			}
			if decoded == nil {
				taken++
			}
		}
		if taken == 0 {
			t.Errorf("%s: none is taken", schema)
		}
	}
}
