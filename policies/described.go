package policies

import (
	"encoding/json"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// described is what a schema says of a value, and of those below it.
type described struct {
	Description string               `json:"description"`
	Properties  map[string]described `json:"properties"`
}

// describedBy returns what says of a fact, such as input.account.two_factor, what it is. It says nothing of what the schema of the
// question's input does not describe.
func describedBy(q Question) func(fact string) string {
	var whole described
	about := ast.MustParseRef(q.Query)
	raw, err := schemaFiles.ReadFile(schemaFile(schemaFor(about[:len(about)-1])))
	if err == nil {
		err = json.Unmarshal(raw, &whole)
	}
	if err != nil {
		return func(string) string { return "" } // a fact can be told without
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
