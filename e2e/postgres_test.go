package e2e

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"nidan/kratos"
)

// startPostgres starts a PostgreSQL that lives as long as the test, from the programs installed here, and returns a URL.
func startPostgres(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "nidan-postgres-") // short: the path of its socket must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	attributes := &syscall.SysProcAttr{}
	if os.Getuid() == 0 { // PostgreSQL refuses to be run by root
		id := numbersOf(t, "postgres")
		attributes.Credential = id
		if err := os.Chown(dir, int(id.Uid), int(id.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.Command(postgresProgram(t, name), args...)
		cmd.SysProcAttr, cmd.Dir = attributes, dir
		log, err := os.Create(filepath.Join(t.TempDir(), "log"))
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		cmd.Stdout, cmd.Stderr = log, log // a file: the server goes on, and would hold a pipe open
		if err := cmd.Run(); err != nil {
			said, _ := os.ReadFile(log.Name())
			t.Fatalf("%s: %v: %s", name, err, said)
		}
	}
	data, port := filepath.Join(dir, "data"), strconv.Itoa(freePort())
	run("initdb", "-D", data, "-U", "kratos", "--auth=trust", "-E", "UTF8", "--no-sync")
	run("pg_ctl", "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", "-p "+port+" -h 127.0.0.1 -k "+dir+" -F", "start")
	t.Cleanup(func() { run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop") })
	return "postgres://kratos@127.0.0.1:" + port + "/postgres?sslmode=disable"
}

// postgresProgram finds a program of PostgreSQL, which Debian keeps out of the path.
func postgresProgram(t *testing.T, name string) string {
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

func numbersOf(t *testing.T, name string) *syscall.Credential {
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

// In production Kratos runs on PostgreSQL, as docker-compose.yml has it.
func TestSignInWithKratosOnPostgreSQL(t *testing.T) {
	startKratos(t, startPostgres(t))
	n := started(t)
	s := newSignIn(t, account(t, nil))
	s.expect("code_sent", 1990001, nil)
	right := n.code(1)
	s.expect("code_mismatch", 4990001, code(wrong(right)))
	s.expectIn(code(right))
	newSignIn(t, account(t, func(a *kratos.Account) { a.TwoFactor = false })).expectIn(nil)
	if strings.Contains(n.log.String(), "level=ERROR") {
		t.Errorf("errors were logged:\n%s", n.log)
	}
}
