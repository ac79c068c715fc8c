package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	hookToken = "bench-hook-token-bench-hook-token-1"
	secret    = "bench-secret-bench-secret-bench-secret"
)

// allCores are both cores. Otherwise this program has one of them, and the servers have the other.
const allCores = "0,1"

// pinning says whether the servers and this program have a core each.
var pinning bool

// pin moves this program to the second core. From then on, servers are started on the first core.
func pin() {
	if _, err := exec.LookPath("taskset"); err != nil || runtime.NumCPU() < 2 {
		return
	}
	runtime.GOMAXPROCS(1)
	pinning = exec.Command("taskset", "-a", "-p", "-c", "1", strconv.Itoa(os.Getpid())).Run() == nil
}

// server is a running server.
type server struct {
	cmd     *exec.Cmd
	pid     int
	address string
	took    time.Duration // from its start until it was ready
	log     *os.File
}

// program says how to start a server.
type program struct {
	args  []string
	env   []string
	dir   string // where its files go
	ready string // the path that answers 200 when the server is ready
	cores string // the cores that it may use; empty: the first core, if this program has the second
}

// start starts a program that listens on address, and waits until it is ready.
func start(ctx context.Context, p program, address string) (*server, error) {
	args := p.args
	if cores := p.cores; pinning {
		if cores == "" {
			cores = "0"
		}
		args = append([]string{"taskset", "-c", cores}, args...)
	}
	log, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		return nil, err
	}
	s := &server{cmd: exec.CommandContext(ctx, args[0], args[1:]...), address: address, log: log}
	s.cmd.Env, s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = append(os.Environ(), p.env...), p.dir, log, log
	// With a process group of its own, the server and all processes that it starts can be ended together.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	begin := time.Now()
	if err := s.cmd.Start(); err != nil {
		log.Close()
		return nil, fmt.Errorf("start %s: %w", p.args[0], err)
	}
	s.pid = s.cmd.Process.Pid
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for time.Since(begin) < time.Minute {
		if answer, err := client.Get("http://" + address + p.ready); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				s.took = time.Since(begin)
				return s, nil
			}
		}
		time.Sleep(time.Millisecond)
	}
	s.stop()
	said, _ := os.ReadFile(log.Name())
	return nil, fmt.Errorf("%s was not ready within a minute: %.500s", p.args[0], said)
}

func (s *server) stop() {
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGTERM)
	timer := time.AfterFunc(10*time.Second, func() { _ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) })
	_ = s.cmd.Wait()
	timer.Stop()
	s.log.Close()
}

// cpu returns the CPU time of a process, of user and system.
func cpu(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name, in parentheses, may contain spaces. utime and stime are the fields 14 and 15, in hundredths of a second (proc(5)).
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	utime, _ := strconv.Atoi(fields[11])
	stime, _ := strconv.Atoi(fields[12])
	return time.Duration(utime+stime) * 10 * time.Millisecond
}

// resident returns the resident memory of a process, in MiB.
func resident(pid int) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if said, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(said)[0], 64)
			return kb / 1024
		}
	}
	return 0
}

// allocated returns how many objects a Nidan has allocated since its start. The number comes from its metrics.
func (s *server) allocated() float64 {
	out, err := get("http://" + s.address + "/metrics")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(out) {
		if said, ok := strings.CutPrefix(line, "go_memstats_mallocs_total "); ok {
			n, _ := strconv.ParseFloat(strings.TrimSpace(said), 64)
			return n
		}
	}
	return 0
}

// freeAddress returns an address on loopback where nobody listens.
func freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "127.0.0.1:0" // a server that is started there fails, and says why
	}
	defer l.Close()
	return l.Addr().String()
}

// nidan starts a Nidan with the database in dir, and makes the database if there is none. Mail goes to smtp.
func (b *bench) nidan(ctx context.Context, dir, smtp string, change func(*program)) (*server, error) {
	hooks := freeAddress()
	_, port, _ := net.SplitHostPort(smtp)
	p := program{args: []string{b.programs.nidan, "serve"}, dir: dir, ready: "/readyz", env: []string{
		"NIDAN_DATABASE=" + database(dir), "NIDAN_SECRETS=" + secret, "NIDAN_HOOKS_TOKENS=" + hookToken,
		"NIDAN_HOOKS_LISTEN=" + hooks, "NIDAN_PUBLIC_LISTEN=" + freeAddress(), "NIDAN_MAIL_SMTP_TLS=none", "NIDAN_MAIL_SMTP_PORT=" + port,
	}}
	if change != nil {
		change(&p)
	}
	return start(ctx, p, hooks)
}

func database(dir string) string { return "sqlite:" + filepath.Join(dir, "nidan.db") }

func (b *bench) opa(ctx context.Context, dir string) (*server, error) {
	address := freeAddress()
	return start(ctx, program{dir: dir, ready: "/health", args: []string{
		b.programs.opa, "run", "--server", "--addr", address, "--log-level", "error", "--set", "decision_logs.console=true",
		"--bundle", filepath.Join(b.root, "policies"),
	}}, address)
}

func (b *bench) echo(ctx context.Context, dir, keep string, more ...string) (*server, error) {
	address := freeAddress()
	p := program{dir: dir, ready: "/readyz", args: append([]string{
		b.programs.echo, "--address", address, "--keep", keep, "--database", filepath.Join(dir, "peer.db"),
	}, more...)}
	if len(more) > 0 {
		p.cores = allCores
	}
	return start(ctx, p, address)
}
