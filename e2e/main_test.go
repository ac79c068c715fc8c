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
	// kratosAdminURL is for requests that the product itself never sends to Kratos.
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
	// Otherwise the tests would mostly wait for the hashes of passwords. Kratos accepts a cost below 12 only with --dev.
	os.Setenv("HASHERS_BCRYPT_COST", "4")
	server, err := kratos.Start(ctx, kratosBinary, dir, run)
	os.Unsetenv("HASHERS_BCRYPT_COST") // the demo's own Kratos has its usual cost
	if err != nil {
		return 0, err
	}
	defer server.Stop()
	talkTo(run)
	return m.Run(), hidden.report()
}

// withRaceDetector says whether these tests are built with the race detector. If they are, Nidan is built with the race detector, too: most
// of what happens at the same time happens in Nidan and not in the tests.
func withRaceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// findKratos returns the Kratos that the environment names (make test KRATOS=path), or builds one.
func findKratos(ctx context.Context) (string, error) {
	if named := os.Getenv("KRATOS"); named != "" {
		return named, nil
	}
	return kratos.Build(ctx, func(step string) { fmt.Println(step) })
}
