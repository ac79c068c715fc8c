package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

//go:generate go test -run ^TestTheReferenceIsMadeFromTheStruct$ . -update

const referencePage = "../docs/reference/configuration.md"

const referenceHead = `# Configuration

This page is made from the configuration's struct (` + "`go generate ./config`" + `). [config.example.yml](../../config/config.example.yml) has the
same keys with their defaults, as a file to begin with, and [config.schema.json](../../config/config.schema.json) is the JSON Schema for
editors.

Nidan looks for a key in the environment first, then in the file that ` + "`--config`" + ` names, and then takes the default. In a variable,
commas separate the values of a list. Nidan refuses a key or a variable that it does not know, and names it.

A key that is marked *file* can also stand in a file of its own, one value a line, as Docker and Kubernetes give secrets. The variable
with ` + "`_FILE`" + ` added names that file: ` + "`NIDAN_SECRETS_FILE=/run/secrets/nidan`" + `.
`

func TestTheReferenceIsMadeFromTheStruct(t *testing.T) {
	want := makeReference(t)
	if *update {
		if err := os.WriteFile(referencePage, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(referencePage); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is stale (%v): run go generate ./config", referencePage, err)
	}
}

// makeReference writes a table for each group of keys. The meaning of a key is the comment in the struct, as in the schema.
func makeReference(t *testing.T) []byte {
	t.Helper()
	var root node
	if err := json.Unmarshal(makeSchema(t), &root); err != nil {
		t.Fatal(err)
	}
	var groups []string
	tables := map[string]string{}
	for _, f := range fields() {
		group, of, name := "", root, f.key
		for member, rest, found := strings.Cut(name, "."); found; member, rest, found = strings.Cut(name, ".") {
			group, of, name = strings.TrimPrefix(group+"."+member, "."), of.Properties[member], rest
		}
		if tables[group] == "" {
			groups = append(groups, group)
			tables[group] = groupHead(group, of.Description)
		}
		tables[group] += fmt.Sprintf("| `%s` | `%s`%s | %s | %s |\n", f.key, f.variable(), fileToo(f), shownDefault(f),
			cell(of.Properties[name].Description))
	}
	page := bytes.NewBufferString(referenceHead)
	for _, group := range groups {
		page.WriteString("\n" + tables[group])
	}
	return page.Bytes()
}

func groupHead(group, said string) string {
	if group == "" {
		group, said = "At the top", "Keys without a group."
	} else {
		group = "`" + group + "`"
	}
	return "## " + group + "\n\n" + said + "\n\n| key | variable | default | meaning |\n| --- | --- | --- | --- |\n"
}

func fileToo(f field) string {
	if f.secret || f.rotates {
		return " *file*"
	}
	return ""
}

func shownDefault(f field) string {
	switch v := f.value(Default()).(type) {
	case string:
		if v == "" {
			return "empty"
		}
		return "`" + v + "`"
	case time.Duration:
		return "`" + v.String() + "`"
	case []string:
		if len(v) == 0 {
			return "none"
		}
		return "`" + strings.Join(v, ",") + "`"
	default:
		return fmt.Sprintf("`%v`", v)
	}
}

// cell escapes a text for a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;").Replace(text)
}
