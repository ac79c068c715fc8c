package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"nidan/config"
)

// The conditions for an operator's texts hold for the texts that ship: each of these can replace itself.
func TestEveryTextCanBeReplaced(t *testing.T) {
	shipped, err := shippedTexts()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, language := range []string{"ja", "en"} {
		given := map[string]map[string]string{}
		for group, texts := range shipped {
			given[group] = texts[language]
		}
		content, err := json.Marshal(given)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, language+".json"), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := config.Default()
	plain, err := newAppearance(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Brand.Texts = dir
	if got, err := newAppearance(cfg); err != nil || !reflect.DeepEqual(got, plain) {
		t.Errorf("got other texts, or %v", err)
	}
}

func TestTheReadmeNamesEveryGroupOfTexts(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := shippedTexts()
	if err != nil {
		t.Fatal(err)
	}
	for group := range shipped {
		if !strings.Contains(string(readme), "\n| `"+group+"` | [") {
			t.Errorf("%s is not there", group)
		}
	}
}
