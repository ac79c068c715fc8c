package cmd

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"nidan/settings"
	"nidan/store"
)

// configured puts a complete configuration into the environment.
func configured(t *testing.T, database string) {
	t.Helper()
	t.Setenv("NIDAN_DATABASE", database)
	t.Setenv("NIDAN_SECRETS", strings.Repeat("s", 32))
	t.Setenv("NIDAN_HOOKS_TOKENS", strings.Repeat("t", 32))
}

func TestMigrate(t *testing.T) {
	configured(t, "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"))
	expect := func(wantErr, wantOut string, args ...string) {
		t.Helper()
		out, err := run(t, args...)
		if (err == nil) != (wantErr == "") || err != nil && !strings.Contains(err.Error(), wantErr) || !strings.Contains(out, wantOut) {
			t.Errorf("%v: %v, want %q\n%s, want %q", args, err, wantErr, out, wantOut)
		}
	}
	expect("unable to open database file", "", "migrate", "status")
	expect("", "Available Commands", "migrate")
	expect("", "now, and had 0", "migrate", "up")
	expect("", "up to date", "migrate", "up")
	expect("", "the database has version", "migrate", "status")
	expect("", "the database has version", "migrate", "down")
	expect("run nidan migrate up", "the database has version", "migrate", "status")
	expect("run nidan migrate up", "", "policy", "replay", "../policies")
	expect("run nidan migrate up", "", "serve")

	out, err := run(t, "migrate", "status", "--json")
	var line struct {
		Version, Known int64
		Usable         bool
		Todo           string
	}
	if json.Unmarshal([]byte(out), &line) != nil || line.Usable || line.Version >= line.Known || line.Todo != err.Error() {
		t.Errorf("%v, %+v: %s", err, line, out)
	}
	expect("", "now, and had", "migrate", "up")
	expect("", `"usable":true`, "migrate", "status", "--json")
}

func TestOneProcessWritesToAFileOfSQLite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nidan.db")
	configured(t, "sqlite:"+file)
	serving, err := store.Open(t.Context(), "sqlite:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer serving.Close()
	if err := serving.Prepare(t.Context(), settings.Settings{RememberDays: 30}); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"migrate", "up"}, {"migrate", "down"}, {"serve"}} {
		if _, err := run(t, args...); err == nil || !strings.Contains(err.Error(), "another process has it open") {
			t.Errorf("%v beside one that serves: %v", args, err)
		}
	}
	backup := file + ".backup"
	for _, args := range [][]string{{"migrate", "status"}, {"policy", "replay", "../policies"}, {"backup", backup}} {
		if out, err := run(t, args...); err != nil {
			t.Errorf("%v beside one that serves: %v\n%s", args, err, out)
		}
	}
	t.Setenv("NIDAN_DATABASE", "sqlite:"+backup)
	if out, err := run(t, "migrate", "status"); err != nil {
		t.Errorf("the backup: %v\n%s", err, out)
	}
	if _, err := run(t, "backup", backup); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a second backup: %v", err)
	}
}
