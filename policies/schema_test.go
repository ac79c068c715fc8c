package policies

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/invopop/jsonschema"
)

var update = flag.Bool("update", false, "write schema/ anew from the structs")

// Policies are type-checked against the schemas, so they must say what Go sends, no more and no less.
func TestSchemasAreThoseOfTheInputs(t *testing.T) {
	for name, input := range map[string]any{
		"input": &Input{}, "capabilities": &CapabilitiesInput{}, "console": &ConsoleInput{}, "record": &RecordInput{},
	} {
		r := jsonschema.Reflector{DoNotReference: true, Anonymous: true}
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(r.Reflect(input)); err != nil {
			t.Fatal(err)
		}
		path := "schema/" + name + ".json"
		if *update {
			if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		have, err := schemaFiles.ReadFile(path)
		if err != nil || !bytes.Equal(have, want.Bytes()) {
			t.Errorf("%s is not that of the struct (%v): go test ./policies -run TestSchemas -update", path, err)
		}
	}
}
