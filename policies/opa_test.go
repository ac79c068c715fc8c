package policies

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// People who know OPA type its usual commands. Without --bundle, these read each .json and .yaml file as data.
func TestTheOpaCommandReadsTheFolderWithoutBundle(t *testing.T) {
	copied := t.TempDir()
	if err := os.CopyFS(copied, Shipped()); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(copied, Schemas()); err != nil {
		t.Fatal(err)
	}
	modfile, err := filepath.Abs("opa/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ command, want string }{
		{"test .", "PASS: "},
		{"check --strict --schema schema .", ""},
		{"deps --data . data.nidan.login.decision", "input.settings.two_factor"},
		{"eval --data . --format raw data.schema", ""}, // as Nidan reads it, and no more
		{"test " + copied, "PASS: "},
	} {
		t.Run("opa "+strings.ReplaceAll(tc.command, copied, "EXPORT"), func(t *testing.T) {
			c := exec.CommandContext(t.Context(), "go", append([]string{"tool", "-modfile=" + modfile, "opa"}, strings.Fields(tc.command)...)...)
			out, err := c.CombinedOutput()
			if err != nil || !strings.Contains(string(out), tc.want) || tc.want == "" && strings.TrimSpace(string(out)) != "" {
				t.Errorf("got %v\n%s\nwant %q", err, out, tc.want)
			}
		})
	}
}
