package policies

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/invopop/jsonschema"
)

var update = flag.Bool("update", false, "write schema/input.json anew from the Input struct")

// Policies are type-checked against schema/input.json, so it must say what Go sends, no more and no less.
func TestSchemaIsThatOfInput(t *testing.T) {
	r := jsonschema.Reflector{DoNotReference: true, Anonymous: true}
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r.Reflect(&Input{})); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("schema/input.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(inputSchema, want.Bytes()) {
		t.Error("schema/input.json is not that of Input: run go test ./policies -run TestSchemaIsThatOfInput -update")
	}
}
