// Package postgrestest starts a PostgreSQL server for tests, from the programs that are installed. The server keeps its data in a
// folder of its own, and both are removed at the end of the test. Only tests import this package.
package postgrestest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// TB has the methods of [testing.TB] that this package needs. Something that lives longer than a test can implement TB too.
type TB interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Server is one PostgreSQL server.
type Server struct {
	t       TB
	dir     string
	port    int
	options string
	as      *syscall.SysProcAttr
}

// Start starts a PostgreSQL server that stops at the end of the test. Its commits do not wait for the disk.
func Start(t TB) *Server {
	t.Helper()
	return newServer(t).begin("-F")
}

// StartDurable is like [Start], but each commit is on the disk before the server confirms it.
func StartDurable(t TB) *Server {
	t.Helper()
	return newServer(t).begin("")
}

func (s *Server) begin(options string) *Server {
	s.t.Helper()
	s.options = options
	s.run("initdb", "-D", s.data(), "-U", "nidan", "--auth=trust", "-E", "UTF8", "--no-sync")
	s.Up()
	return s
}

// Standby starts a second server that replicates this one. From then on, this server confirms a commit only when the standby has it.
func (s *Server) Standby() *Server {
	s.t.Helper()
	standby := newServer(s.t)
	standby.options = s.options
	s.run("pg_basebackup", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-U", "nidan", "-D", standby.data(), "-R", "-X", "stream", "--no-sync")
	standby.Up()
	s.run("psql", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-U", "nidan", "-c", "ALTER SYSTEM SET synchronous_standby_names = '*'",
		"-c", "SELECT pg_reload_conf()", "postgres")
	return standby
}

// Promote ends the replication of a standby, so that it accepts writes.
func (s *Server) Promote() {
	s.t.Helper()
	s.run("pg_ctl", "-D", s.data(), "-w", "promote")
}

func newServer(t TB) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "nidan-postgres-") // a short name, because the path of a Unix socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &Server{t: t, dir: dir, port: freePort(t), as: &syscall.SysProcAttr{}}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		id := NumbersOf(t, "postgres")
		s.as.Credential = id
		if err := os.Chown(dir, int(id.Uid), int(id.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if s.isUp() {
			s.Down("immediate")
		}
	})
	return s
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Up starts the server. After [Server.Down], it starts the server again.
func (s *Server) Up() {
	s.t.Helper()
	s.run("pg_ctl", "-D", s.data(), "-w", "-l", filepath.Join(s.dir, "log"),
		"-o", fmt.Sprintf("-p %d -h 127.0.0.1 -k %s %s -c max_connections=200", s.port, s.dir, s.options), "start")
}

// Down stops the server in one of PostgreSQL's modes: "smart", "fast" or "immediate".
func (s *Server) Down(how string) {
	s.t.Helper()
	s.run("pg_ctl", "-D", s.data(), "-w", "-m", how, "stop")
}

func (s *Server) isUp() bool {
	_, err := os.Stat(filepath.Join(s.data(), "postmaster.pid"))
	return err == nil
}

// URL returns the URL of one of the server's databases.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://nidan@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// URL returns the URL of a database on several servers. A client connects to the server that accepts writes.
func URL(database string, servers ...*Server) string {
	var addresses []string
	for _, s := range servers {
		addresses = append(addresses, fmt.Sprintf("127.0.0.1:%d", s.port))
	}
	return fmt.Sprintf("postgres://nidan@%s/%s?sslmode=disable&target_session_attrs=read-write", strings.Join(addresses, ","), database)
}

// New creates a database, and returns its URL.
func (s *Server) New(name string) string {
	s.t.Helper()
	s.run("createdb", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-U", "nidan", name)
	return s.URL(name)
}

// Dump writes a database to a file with pg_dump, and returns the path of the file.
func (s *Server) Dump(database string) (file string) {
	s.t.Helper()
	file = filepath.Join(s.dir, database+".dump")
	s.run("pg_dump", "--format=custom", "--file", file, s.URL(database))
	return file
}

// Restore creates a database from a file that [Server.Dump] wrote, and returns its URL.
func (s *Server) Restore(file, database string) string {
	s.t.Helper()
	url := s.New(database)
	s.run("pg_restore", "--exit-on-error", "--dbname", url, file)
	return url
}

// Processes returns the IDs of the server's processes. The main process comes first.
func (s *Server) Processes() (pids []int) {
	s.t.Helper()
	said, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		s.t.Fatal(err)
	}
	first, err := strconv.Atoi(strings.SplitN(string(said), "\n", 2)[0])
	if err != nil {
		s.t.Fatal(err)
	}
	children, _ := exec.Command("pgrep", "-P", strconv.Itoa(first)).Output()
	pids = []int{first}
	for _, child := range strings.Fields(string(children)) {
		if pid, err := strconv.Atoi(child); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (s *Server) run(name string, args ...string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(s.t, name), args...)
	cmd.SysProcAttr, cmd.Dir = s.as, s.dir
	log, err := os.CreateTemp("", "nidan-postgres-log-")
	if err != nil {
		s.t.Fatal(err)
	}
	defer os.Remove(log.Name())
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log // a file, not a pipe: the server keeps running with this output, and Run would wait for the pipe to close
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(log.Name())
		s.t.Fatalf("%s: %v: %s", name, err, said)
	}
}

// program finds a PostgreSQL program. Debian does not install these programs in PATH.
func program(t TB, name string) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err == nil && len(found) > 0 {
		return found[len(found)-1]
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("PostgreSQL is not installed: make test installs it or says how: %v", err)
	}
	return path
}

// NumbersOf returns the user and group ID of a user, because PostgreSQL refuses to run as root and a test run by root needs another
// user.
func NumbersOf(t TB, name string) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func freePort(t TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
