package cmd

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"nidan/policies"
)

// begun runs "policy init", and returns the folder with the layer.
func begun(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "layer")
	if out, err := run(t, "policy", "init", dir); err != nil || !strings.Contains(out, "policies.data") {
		t.Fatalf("got %v\n%s", err, out)
	}
	return dir
}

func TestALayerToBeginWithChangesNothingAndPasses(t *testing.T) {
	dir := begun(t)
	if out, err := run(t, "policy", "check", dir); err != nil || !strings.Contains(out, "accepted: revision") {
		t.Errorf("check: %v\n%s", err, out)
	}
	out, err := run(t, "policy", "test", dir, "--coverage", "100", "--verbose")
	if err != nil || !strings.Contains(out, "custom/login_test.rego:5  custom.login_test.test_a_closed_account_is_refused") {
		t.Errorf("test: %v\n%s", err, out)
	}
	if _, err := run(t, "policy", "init", dir); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("over files that are there: %v", err)
	}
}

// Without the "# ", the file has every parameter with the value that ships.
func TestALayerToBeginWithNamesEveryParameter(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(begun(t), "data.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var layer map[string]any
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(string(text), "\n  # ", "\n  ")), &layer); err != nil {
		t.Fatal(err)
	}
	raw, err := fs.ReadFile(policies.Shipped(), "data.json")
	if err != nil {
		t.Fatal(err)
	}
	var shipped map[string]any
	if err := json.Unmarshal(raw, &shipped); err != nil {
		t.Fatal(err)
	}
	if named, ships := asJSON(t, layer["parameters"]), asJSON(t, shipped["parameters"]); !reflect.DeepEqual(named, ships) {
		t.Errorf("got  %v\nwant %v", named, ships)
	}
}

// asJSON encodes a value to JSON and decodes it, so that two values can be compared.
func asJSON(t *testing.T, v any) (read any) {
	t.Helper()
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &read)
	}
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// closing returns the layer of "policy init" with one closed account.
func closing(t *testing.T) string {
	t.Helper()
	dir := begun(t)
	file := filepath.Join(dir, "data.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), "closed_accounts: []", "closed_accounts: [agent]", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCommandsTakeALayerAsWhatShipsWithIt(t *testing.T) {
	kept(t, someSignIns()...)
	dir := closing(t)
	input := filepath.Join(t.TempDir(), "input.json")
	in, err := json.Marshal(signIn("agent", nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(input, in, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args []string
		want []string
	}{
		"eval":    {[]string{"eval", dir, "--input", input, "--explain"}, []string{"YES custom/login.rego:", "refuse, account_closed"}},
		"explain": {[]string{"explain", "1", dir}, []string{"YES custom/login.rego:", "refuse, account_closed"}},
		"replay":  {[]string{"replay", dir}, []string{"1 would end otherwise", "refuse account_closed"}},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := run(t, append([]string{"policy"}, tc.args...)...)
			for _, want := range tc.want {
				if err != nil || !strings.Contains(out, want) {
					t.Errorf("%v, without %q:\n%s", err, want, out)
				}
			}
		})
	}
	t.Run("configured", func(t *testing.T) {
		t.Setenv("NIDAN_POLICIES_DATA", dir)
		if out, err := run(t, "policy", "replay", "--against", "recorded"); err != nil || !strings.Contains(out, "refuse account_closed") {
			t.Errorf("got %v\n%s", err, out)
		}
	})
	t.Run("a file of parameters", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "parameters.yaml")
		if err := os.WriteFile(file, []byte("parameters:\n  plans_without_agent: [\"\"]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := run(t, "policy", "eval", file, "--input", input, "--explain"); err != nil || !strings.Contains(out, "allow, plan_without_agent") {
			t.Errorf("got %v\n%s", err, out)
		}
	})
}

// In a container, there is no configuration yet, and the folder exists, because it is a mount.
func TestASetAndALayerAreWrittenWithoutAConfiguration(t *testing.T) {
	for command, file := range map[string]string{"init": "custom/login.rego", "export": "login/login.rego"} {
		dir := t.TempDir()
		if out, err := run(t, "policy", command, dir); err != nil {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Errorf("%s: %v", command, err)
		}
	}
}

func TestALayerIsNotRolledBack(t *testing.T) {
	configured(t, "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"))
	t.Setenv("NIDAN_POLICIES_DATA", begun(t))
	if _, err := run(t, "policy", "rollback", "0123456789abcdef"); err == nil || !strings.Contains(err.Error(), "take the layer back") {
		t.Errorf("got %v", err)
	}
}
