package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
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
	if out, err := exec.Command("go", "build", "-o", program, "nidan").CombinedOutput(); err != nil {
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

// findKratos returns the Kratos that the environment names (make test KRATOS=path), or builds one.
func findKratos(ctx context.Context) (string, error) {
	if named := os.Getenv("KRATOS"); named != "" {
		return named, nil
	}
	return kratos.Build(ctx, func(step string) { fmt.Println(step) })
}

// lastPort is the port that was given last. The first port is random, because other people may test on this machine at the same time.
var lastPort atomic.Int32

func init() { lastPort.Store(20_000 + mathrand.Int32N(9_000)) }

// freePort returns a port on which nobody listens. It is below the ports that systems give to outgoing connections: such a port could be taken
// before the program listens on it.
func freePort() int {
	for {
		port := int(lastPort.Add(1))
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			l.Close()
			return port
		}
	}
}

func freeAddress() string { return fmt.Sprintf("127.0.0.1:%d", freePort()) }
