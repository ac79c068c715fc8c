package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"

	"nidan/kratos"
)

// What all tests share: the program, and one Kratos whose hook leads to the relay.
var (
	program      string // Nidan, built
	kratosBinary string
	kratosPublic string // address of its public API
	kratosAdmin  *kratos.Admin
	// kratosAdminURL is for what the product itself never asks of Kratos.
	kratosAdminURL string
	hookToken      = rand.Text() + rand.Text()
	theRelay       = newRelay()
)

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "end-to-end tests:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "nidan-e2e-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "nidan")
	build := []string{"build", "-o", program}
	if withRaceDetector() {
		build = append(build, "-race")
	}
	if out, err := exec.Command("go", append(build, "nidan")...).CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build nidan: %w: %s", err, out)
	}
	ctx := context.Background()
	if kratosBinary, err = findKratos(ctx); err != nil {
		return 0, err
	}
	defer theRelay.server.Close()
	defer wholeRun.end()
	run := kratosRun(kratosDatabase(), origin)
	// Most of what the tests do would be waiting for passwords to be hashed. Kratos takes less than 12 with --dev only.
	os.Setenv("HASHERS_BCRYPT_COST", "4")
	server, err := kratos.Start(ctx, kratosBinary, dir, run)
	os.Unsetenv("HASHERS_BCRYPT_COST") // the demo's own Kratos is as it is
	if err != nil {
		return 0, err
	}
	defer server.Stop()
	talkTo(run)
	return m.Run(), hidden.report()
}

// withRaceDetector says whether these tests are built with the race detector. Nidan is then built with it too: there, and not in the tests,
// many things happen at once.
func withRaceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// findKratos is the Kratos that the environment names (make test KRATOS=path), or the one that is built.
func findKratos(ctx context.Context) (string, error) {
	if named := os.Getenv("KRATOS"); named != "" {
		return named, nil
	}
	return kratos.Build(ctx, func(step string) { fmt.Println(step) })
}
