package kratos

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // for the module
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Version is the version of Kratos that Build builds.
const Version = "v1.3.1"

// The files go.mod and go.sum of the module in which Kratos is built.
var (
	//go:embed server/server.mod
	serverMod []byte
	//go:embed server/server.sum
	serverSum []byte
)

// Build returns the path of a Kratos program. It builds the program if this machine has not built it yet. The build needs the go command
// and a C compiler. Build tells its steps to progress, in sentences.
func Build(ctx context.Context, progress func(string)) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	dir := filepath.Join(cache, "nidan", "kratos-"+Version+"-"+buildDigest())
	binary := filepath.Join(dir, "kratos")
	if info, err := os.Stat(binary); err == nil && info.Mode().IsRegular() {
		return binary, nil
	}
	if err := haveCompilers(ctx); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the cache folder: %w", err)
	}
	// The build runs in a temporary folder, and its result is moved into place. So an interrupted build leaves nothing that looks finished,
	// and two builds at the same time do not disturb each other.
	work, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return "", fmt.Errorf("make a folder to build in: %w", err)
	}
	defer os.RemoveAll(work)
	for name, content := range map[string][]byte{"go.mod": serverMod, "go.sum": serverSum} {
		if err := os.WriteFile(filepath.Join(work, name), content, 0o644); err != nil {
			return "", fmt.Errorf("write Kratos' module: %w", err)
		}
	}
	progress("Building Kratos " + Version + " from its source. This is done once, and takes a few minutes.")
	started := time.Now()
	if err := compile(ctx, work, progress); err != nil {
		return "", err
	}
	if err := os.Rename(filepath.Join(work, "kratos"), binary); err != nil {
		return "", fmt.Errorf("keep the Kratos that was built: %w", err)
	}
	progress(fmt.Sprintf("Kratos is built (%s).", time.Since(started).Round(time.Second)))
	return binary, nil
}

// buildDigest differs for builds whose results may differ: by the module's files, the version of Go, and the platform.
func buildDigest() string {
	h := sha256.New()
	for _, part := range [][]byte{serverMod, serverSum, []byte(runtime.Version() + runtime.GOOS + runtime.GOARCH)} {
		fmt.Fprintf(h, "%d\n%s", len(part), part)
	}
	return fmt.Sprintf("%x", h.Sum(nil))[:12]
}

// haveCompilers looks for the compilers before the build begins. Without this check, the build would fail minutes later, with a message of
// the compiler that is hard to read.
func haveCompilers(ctx context.Context) error {
	if _, err := exec.LookPath("go"); err != nil {
		return errors.New("building Kratos needs the go command: install Go (https://go.dev/dl), or name a kratos program with --kratos")
	}
	out, err := exec.CommandContext(ctx, "go", "env", "CC").Output()
	if err != nil {
		return fmt.Errorf("ask the go command for the C compiler: %w", err)
	}
	cc := strings.Fields(string(out)) // CC may contain arguments
	if len(cc) > 0 {
		if _, err := exec.LookPath(cc[0]); err == nil {
			return nil
		}
	}
	return errors.New("building Kratos needs a C compiler: install one (on Debian and Ubuntu: apt-get install gcc libc6-dev), " +
		"or name a kratos program with --kratos")
}

// compile builds Kratos in the folder dir.
func compile(ctx context.Context, dir string, progress func(string)) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-v", "-tags", "sqlite", "-o", "kratos", "github.com/ory/kratos")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "GOFLAGS=-mod=readonly -buildvcs=false", "GOWORK=off",
		// An interrupted go command leaves hundreds of megabytes of temporary files. In dir, they are removed with dir.
		"GOTMPDIR="+dir)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("build Kratos: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("build Kratos: %w", err)
	}
	last := follow(stderr, progress)
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("build Kratos: %w", ctx.Err())
		}
		return fmt.Errorf("building Kratos failed: %w: %s", err, last)
	}
	return nil
}

// follow reads the output of the go command: one line for each module that it fetches and each package that it compiles. follow tells
// progress both counts, at most every two seconds, and returns the last lines.
func follow(r io.Reader, progress func(string)) []byte {
	var tail []byte
	var fetched, compiled int
	told := time.Now()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Bytes()
		tail = lastLines(append(append(bytes.Clone(tail), '\n'), line...))
		if bytes.HasPrefix(line, []byte("go: downloading")) {
			fetched++
		} else {
			compiled++
		}
		if time.Since(told) > 2*time.Second {
			told = time.Now()
			progress(fmt.Sprintf("  %d modules fetched, %d packages compiled", fetched, compiled))
		}
	}
	// The scanner stops at a line that is too long. The rest is read too: otherwise the go command would block at a full pipe.
	_, _ = io.Copy(io.Discard, r)
	return tail
}
