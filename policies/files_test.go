package policies

import (
	"encoding/json"
	"testing"
)

func TestASetIsTheSameOutOfItsFiles(t *testing.T) {
	for name, changes := range map[string]map[string]any{
		"as it ships":        {},
		"with large numbers": {"channels.softphone.minimum_version": "3.5.0", "code.max_attempts": json.Number("9007199254740993")},
	} {
		t.Run(name, func(t *testing.T) {
			first, err := Load(shippedWith(t, changes))
			if err != nil {
				t.Fatal(err)
			}
			again, err := FromFiles(first.Files())
			if err != nil {
				t.Fatal(err)
			}
			if again.Revision() != first.Revision() || len(again.Files()) != len(first.Files()) {
				t.Errorf("revision %s of %d files, want %s of %d", again.Revision(), len(again.Files()), first.Revision(), len(first.Files()))
			}
		})
	}
}

func TestFilesThatAreNoSet(t *testing.T) {
	for name, files := range map[string][]File{
		"none":                nil,
		"data that is broken": {{"a.rego", "package a"}, {"data.json", "{"}},
		"a rule that is":      {{"a.rego", "package"}},
		"data that is a list": {{"a.rego", "package a"}, {"data.json", "[1]"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := FromFiles(files); err == nil {
				t.Error("taken")
			}
		})
	}
}
