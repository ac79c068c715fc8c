package cmd

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"nidan/policies"
)

// folderOf makes a folder of policies with two files, one of them in a folder of its own.
func folderOf(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "policies")
	if err := os.MkdirAll(filepath.Join(dir, "login"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"data.json": "{}", "login/login.rego": "package nidan.login"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestARollbackKeepsACopyOfTheOldFiles(t *testing.T) {
	dir := folderOf(t)
	before, err := replaceSet(dir, []policies.File{{Path: "data.json", Text: `{"new": true}`}})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "data.json"):           `{"new": true}`,
		filepath.Join(before, "data.json"):        "{}",
		filepath.Join(before, "login/login.rego"): "package nidan.login",
	} {
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", path, got, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "login")); !os.IsNotExist(err) {
		t.Errorf("an old folder is left: %v", err)
	}
}

// A named pipe cannot be copied. Nothing may be removed before everything was copied.
func TestARollbackThatCannotCopyTheOldFilesRemovesNone(t *testing.T) {
	dir := folderOf(t)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := replaceSet(dir, []policies.File{{Path: "data.json", Text: "{}"}}); err == nil {
		t.Error("it was replaced")
	}
	if _, err := os.Stat(filepath.Join(dir, "login/login.rego")); err != nil {
		t.Error(err)
	}
}
