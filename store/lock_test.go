package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nidan/store"
)

func TestAFileIsOpenedToWriteByOne(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "nidan.db")
	first := opened(t, "sqlite:"+path)
	if err := first.Prepare(t.Context(), initial); err != nil {
		t.Fatal(err)
	}
	alias := filepath.Join(dir, "alias.db")
	if err := os.Symlink(path, alias); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, alias} {
		second, err := store.Open(t.Context(), "sqlite:"+name)
		if err == nil {
			second.Close()
			t.Fatalf("%s was opened a second time", name)
		}
		if want := "another process has it open, and SQLite serves one"; !strings.Contains(err.Error(), want) {
			t.Errorf("the second one is told %q, want %q", err, want)
		}
	}
	reader, err := store.OpenExisting(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatalf("nobody can read beside it: %v", err)
	}
	defer reader.Close()
	if err := reader.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := opened(t, "sqlite:"+path).Ready(t.Context()); err != nil {
		t.Errorf("after the first one is closed: %v", err)
	}
}
