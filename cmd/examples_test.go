package cmd

import (
	"strings"
	"testing"

	"nidan/policies"
)

// README.md and policies/README.md use these examples in their commands. This test has the results of these commands.
func TestTheExamplesAreDecided(t *testing.T) {
	out, err := run(t, "policy", "eval", "../policies", "--input", "../docs/examples/signin.json", "--explain")
	if err != nil || !strings.Contains(out, `"reason": "code_required"`) {
		t.Errorf("the sign-in: %v\n%s", err, out)
	}
	e, err := policies.New(t.Context(), policies.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	var in policies.ConsoleInput
	if err := readInto(&in, "../docs/examples/may.json", nil); err != nil {
		t.Fatal(err)
	}
	if d, err := e.Console(t.Context(), in); err != nil || d.Allow || d.Reason != "no_email" {
		t.Errorf("the console: %+v, %v", d, err)
	}
}
