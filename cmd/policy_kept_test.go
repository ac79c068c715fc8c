package cmd

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nidan/policies"
	"nidan/policies/live"
	"nidan/settings"
	"nidan/store"
)

// decided writes a set to a database as serve does when the set begins to decide, and returns its revision.
func decided(t *testing.T, database, dir string, at time.Time) string {
	t.Helper()
	st, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.Migrate(t.Context(), settings.Settings{RememberDays: 30}); err != nil {
		t.Fatal(err)
	}
	p := live.New(time.Second, func() time.Time { return at }, slog.New(slog.DiscardHandler))
	if err := p.Folder(dir).Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Tell(t.Context(), recordPolicies(st, slog.New(slog.DiscardHandler)))
	return p.Status().Active.Revision
}

func TestAnOlderSetIsTakenAgain(t *testing.T) {
	folder := copied(t, "data.json", "", "")
	database := "sqlite:" + filepath.Join(t.TempDir(), "nidan.db")
	configured(t, database)
	t.Setenv("NIDAN_POLICIES_DIR", folder)
	at := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	first := decided(t, database, folder, at)
	newer := copied(t, "data.json", `"max_attempts": 10`, `"max_attempts": 9`)
	second := decided(t, database, newer, at.Add(time.Hour))
	if err := os.Rename(filepath.Join(newer, "data.json"), filepath.Join(folder, "data.json")); err != nil {
		t.Fatal(err)
	}

	out, err := run(t, "policy", "show")
	if lines := strings.Split(out, "\n"); err != nil || len(lines) != 3 || !strings.HasPrefix(lines[0], second) || !strings.HasPrefix(lines[1], first) {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run(t, "policy", "show", second); err != nil || !strings.Contains(out, `"max_attempts": 9`) || !strings.Contains(out, "# login/login.rego") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := run(t, "policy", "show", "0123456789abcdef"); err == nil || !strings.Contains(err.Error(), "nidan policy show lists those that have") {
		t.Errorf("one that never decided: %v", err)
	}
	elsewhere := filepath.Join(t.TempDir(), "out")
	if out, err := run(t, "policy", "show", first, "--out", elsewhere); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	revisionIs(t, elsewhere, first)
	if _, err := run(t, "policy", "show", second, "--out", elsewhere); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("over files that are there: %v", err)
	}

	revisionIs(t, folder, second)
	out, err = run(t, "policy", "rollback", first)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	revisionIs(t, folder, first)
	_, before, _ := strings.Cut(strings.TrimSpace(out), "what was there is in ")
	revisionIs(t, before, second)
}

func revisionIs(t *testing.T, dir, want string) {
	t.Helper()
	set, err := policies.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if set.Revision() != want {
		t.Errorf("%s has revision %s, want %s", dir, set.Revision(), want)
	}
}

func TestWithABundleAnOlderSetIsWrittenElsewhere(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "nidan.db")
	configured(t, database)
	first := decided(t, database, copied(t, "data.json", "", ""), time.Now())
	if _, err := run(t, "policy", "rollback", first); err == nil || !strings.Contains(err.Error(), "build a bundle of it") {
		t.Errorf("got %v", err)
	}
	out := filepath.Join(t.TempDir(), "out")
	if said, err := run(t, "policy", "rollback", first, "--out", out); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	revisionIs(t, out, first)
}

func TestExportWritesWhatShips(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "policies")
	if out, err := run(t, "policy", "export", dir); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	shipped, err := policies.Load(policies.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	revisionIs(t, dir, shipped.Revision())
	if _, err := os.Stat(filepath.Join(dir, "schema", "input.jsonschema")); err != nil {
		t.Errorf("the schemas are missing: %v", err)
	}
	if out, err := run(t, "policy", "check", dir); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := run(t, "policy", "export", dir); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("a second time: %v", err)
	}
}
