package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/invopop/jsonschema"
)

var update = flag.Bool("update", false, "write config.schema.json anew")

func TestTheSchemaIsMadeFromTheStruct(t *testing.T) {
	want := makeSchema(t)
	if *update {
		if err := os.WriteFile("config.schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(Schema, want) {
		t.Error("config.schema.json is stale: run go generate ./config")
	}
}

func makeSchema(t *testing.T) []byte {
	t.Helper()
	r := jsonschema.Reflector{
		Anonymous: true, DoNotReference: true, FieldNameTag: "koanf",
		RequiredFromJSONSchemaTags: true, // no tag requires a key: the environment may have the keys that the file lacks
		Mapper: func(of reflect.Type) *jsonschema.Schema {
			if of == reflect.TypeFor[time.Duration]() {
				return &jsonschema.Schema{Type: "string", Pattern: "^([0-9]+([.][0-9]+)?(ms|s|m|h))+$"}
			}
			return nil
		},
	}
	if err := r.AddGoComments("nidan/config", "."); err != nil {
		t.Fatal(err)
	}
	for name, comment := range r.CommentMap {
		r.CommentMap[name] = strings.ReplaceAll(comment, "\n", " ")
	}
	schema := r.Reflect(Config{})
	for _, f := range fields() {
		at := schema
		for name := range strings.SplitSeq(f.key, ".") {
			at, _ = at.Properties.Get(name)
		}
		if at.Default = f.value(Default()); f.kind == durationType {
			at.Default = f.value(Default()).(time.Duration).String()
		}
	}
	content, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(content, '\n')
}

// node is the part of a schema that the tests of this file read.
type node struct {
	Description          string
	Properties           map[string]node
	AdditionalProperties *bool
}

func TestTheSchemaDescribesEveryKeyAndAllowsNoOther(t *testing.T) {
	var root node
	if err := json.Unmarshal(Schema, &root); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, f := range fields() {
		known[f.key] = true
	}
	described := describedKeys(t, "", root)
	if !reflect.DeepEqual(described, known) {
		t.Errorf("the schema has %v, the struct %v", described, known)
	}
}

func describedKeys(t *testing.T, prefix string, group node) map[string]bool {
	t.Helper()
	if group.AdditionalProperties == nil || *group.AdditionalProperties {
		t.Errorf("%q: other keys are allowed", prefix)
	}
	keys := map[string]bool{}
	for name, member := range group.Properties {
		if len(strings.Fields(member.Description)) < 2 {
			t.Errorf("%s%s: is not explained: %q", prefix, name, member.Description)
		}
		if member.Properties == nil {
			keys[prefix+name] = true
			continue
		}
		for key := range describedKeys(t, prefix+name+".", member) {
			keys[key] = true
		}
	}
	return keys
}
