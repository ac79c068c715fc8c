package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"nidan/settings"
	"nidan/store"
	"nidan/store/storetest"
)

func TestSQLite(t *testing.T) { storetest.Run(t, openSQLite) }

func openSQLite(t *testing.T) *store.Store {
	t.Helper()
	// The path has the characters that have a meaning in a URL.
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "a b?c#d%20.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(t.Context(), settings.Settings{TwoFactor: true, RememberDays: 30}); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOpenRefuses(t *testing.T) {
	for name, url := range map[string]string{
		"another kind of database":     "mysql://localhost/nidan",
		"no path":                      "sqlite:",
		"nothing":                      "",
		"a folder that does not exist": "sqlite:" + filepath.Join(t.TempDir(), "missing", "nidan.db"),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), url)
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if !strings.HasPrefix(err.Error(), "open the database") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestANewDatabaseIsItsOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	opened := func(name string) {
		t.Helper()
		s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		if err := s.Migrate(t.Context(), settings.Settings{RememberDays: 30}); err != nil { // creates the files -wal and -shm
			t.Fatal(err)
		}
	}
	expect := func(name string, want os.FileMode) {
		t.Helper()
		for _, suffix := range []string{"", "-wal", "-shm"} {
			info, err := os.Stat(filepath.Join(dir, name+suffix))
			if err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v, want %v", name+suffix, info, err, want)
			}
		}
	}
	for name, umask := range map[string]int{"open": 0, "usual": 0o022, "closed": 0o277} {
		before := syscall.Umask(umask)
		opened(name)
		syscall.Umask(before)
		expect(name, 0o600)
	}
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	opened("link")
	expect("elsewhere", 0o600)

	if err := os.WriteFile(filepath.Join(dir, "shared"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "shared"), 0o640); err != nil {
		t.Fatal(err)
	}
	opened("shared")
	expect("shared", 0o640)
}

func TestOpenExistingMakesNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nidan.db")
	if s, err := store.OpenExisting(t.Context(), "sqlite:"+path); err == nil {
		s.Close()
		t.Error("opened")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file now: %v", err)
	}
}
