package policies

import (
	"encoding/json"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// described is the description of a value in a schema, with the descriptions of its properties.
type described struct {
	Description string               `json:"description"`
	Properties  map[string]described `json:"properties"`
}

// describedBy returns a function that describes a fact, such as input.account.two_factor. The description is empty if the schema of
// the question's input has none.
func describedBy(q Question) func(fact string) string {
	var whole described
	about := ast.MustParseRef(q.Query)
	raw, err := schemaFiles.ReadFile(schemaFile(schemaFor(about[:len(about)-1])))
	if err == nil {
		err = json.Unmarshal(raw, &whole)
	}
	if err != nil {
		return func(string) string { return "" } // an explanation works without descriptions
	}
	return func(fact string) string {
		path, ofInput := strings.CutPrefix(fact, "input.")
		part := whole
		for name := range strings.SplitSeq(path, ".") {
			part = part.Properties[name]
		}
		if !ofInput {
			return ""
		}
		return part.Description
	}
}
