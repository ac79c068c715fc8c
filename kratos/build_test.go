package kratos

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestABuildThatIsCutOffLeavesNothingBehind(t *testing.T) {
	cache, tmp := t.TempDir(), t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache) // the go command gets an empty cache too, so it must compile everything
	t.Setenv("GOCACHE", filepath.Join(cache, "go-build"))
	t.Setenv("TMPDIR", tmp)
	ctx, cancel := context.WithCancel(t.Context())
	steps := 0
	_, err := Build(ctx, func(string) {
		if steps++; steps == 2 { // the build has begun
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want %v", err, context.Canceled)
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) != 0 {
		t.Errorf("left in the temporary folder: %v, %v", left, err)
	}
	if kept, err := filepath.Glob(filepath.Join(cache, "nidan", "*", "*")); err != nil || len(kept) != 0 {
		t.Errorf("left in the cache: %v, %v", kept, err)
	}
}

func TestWhatIsBuiltIsNotBuiltAgain(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("PATH", "") // without the go command, a build would fail
	want := filepath.Join(cache, "nidan", "kratos-"+Version+"-"+buildDigest(), "kratos")
	if err := os.MkdirAll(filepath.Dir(want), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(want, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	got, err := Build(t.Context(), func(step string) { t.Errorf("it says %q", step) })
	if err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// A program blocks when nobody reads its output.
func TestAllThatABuildSaysIsRead(t *testing.T) {
	said := strings.NewReader("first\n" + strings.Repeat("x", 1<<20) + "\nlast\n")
	follow(said, func(string) {})
	if left, err := io.ReadAll(said); err != nil || len(left) != 0 {
		t.Errorf("%d bytes are left, %v", len(left), err)
	}
}
