package kratos

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Process is a Kratos that runs as a child of this program.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when Kratos has ended
	log  string        // the path of the log file
}

const (
	readyWithin = 60 * time.Second // after the start, on a slow machine
	stopWithin  = 5 * time.Second  // after SIGTERM
)

// Start writes Kratos' files into the folder dir, migrates Kratos' database, runs the program binary in dir, and returns when Kratos is
// ready. Kratos stays in the process group of this program, so Ctrl-C ends both.
func Start(ctx context.Context, binary, dir string, run Run) (*Process, error) {
	config, err := run.Config()
	if err != nil {
		return nil, err
	}
	for name, content := range map[string][]byte{
		"kratos.yml": config, "identity.schema.json": identitySchema, "after-password.jsonnet": afterPassword,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, fmt.Errorf("write Kratos' files: %w", err)
		}
	}
	migrate := exec.CommandContext(ctx, binary, "migrate", "sql", "-e", "--yes")
	migrate.Dir = dir
	migrate.Env = append(os.Environ(), "DSN="+run.DSN)
	if out, err := migrate.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("migrate Kratos' database: %w: %s", err, lastLines(out))
	}
	p := &Process{done: make(chan struct{}), log: filepath.Join(dir, "kratos.log")}
	if err := p.start(binary, dir); err != nil {
		return nil, err
	}
	if err := p.awaitReady(ctx, fmt.Sprintf("http://127.0.0.1:%d/admin/health/ready", run.AdminPort)); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

func (p *Process) start(binary, dir string) error {
	log, err := os.Create(p.log)
	if err != nil {
		return fmt.Errorf("make Kratos' log: %w", err)
	}
	defer log.Close() // the child has a copy of its own
	// --dev: the cookies have no attribute "Secure", because the demo and the tests use plain HTTP on loopback.
	p.cmd = exec.Command(binary, "serve", "-c", "kratos.yml", "--dev")
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start Kratos: %w", err)
	}
	go func() {
		_ = p.cmd.Wait() // Kratos' log says why it ended
		close(p.done)
	}()
	return nil
}

func (p *Process) awaitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	client := &http.Client{Timeout: time.Second}
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("ask Kratos whether it is ready: %w", err)
		}
		if answer, err := client.Do(r); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("kratos did not become ready: %w: %s", ctx.Err(), p.tail())
		case <-p.done:
			return fmt.Errorf("kratos ended while starting: %s", p.tail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Done returns a channel that is closed when Kratos has ended, for whatever reason.
func (p *Process) Done() <-chan struct{} { return p.done }

// PID returns the process id of Kratos.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Stop ends Kratos with SIGTERM, and with SIGKILL if it does not end in time. Stop returns when Kratos has ended.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails only if Kratos has already ended
	select {
	case <-p.done:
	case <-time.After(stopWithin):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

func (p *Process) tail() []byte {
	log, err := os.ReadFile(p.log)
	if err != nil {
		return []byte(err.Error())
	}
	return lastLines(log)
}

// lastLines returns the last five lines of an output: programs say there what went wrong.
func lastLines(out []byte) []byte {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-5):], []byte("\n"))
}
