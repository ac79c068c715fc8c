package e2e

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"nidan/store/postgrestest"
)

// runs runs a command of the program with the same configuration. If the command does not end, it is stopped, and this is a failure too.
func (n *nidan) runs(args ...string) (said string, err error) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, n.program, args...)
	cmd.Env, cmd.Dir = append(os.Environ(), n.env...), n.dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// refuses checks that a command fails with this sentence.
func (n *nidan) refuses(sentence string, args ...string) {
	n.t.Helper()
	if said, err := n.runs(args...); err == nil || !strings.Contains(said, sentence) {
		n.t.Errorf("%v ended with %v and %q, want %q", args, err, said, sentence)
	}
}

func (n *nidan) carriesOut(args ...string) {
	n.t.Helper()
	if said, err := n.runs(args...); err != nil {
		n.t.Fatalf("%v: %v: %s", args, err, said)
	}
}

func TestADatabaseOfAnotherVersion(t *testing.T) {
	for name, on := range map[string]func(*testing.T) shared{
		"SQLite":     func(*testing.T) shared { return shared{} },
		"PostgreSQL": func(t *testing.T) shared { return shared{1, postgrestest.Start(t).New("nidan")} },
	} {
		t.Run(name, func(t *testing.T) {
			n := startedOn(t, on(t))
			signsIn := func() {
				t.Helper()
				f := begin(n, 1)
				n.isBack()
				f.stop()
			}
			signsIn()
			n.stop()
			n.carriesOut("migrate", "down")
			n.refuses("run nidan migrate up", "serve")
			n.carriesOut("migrate", "up")
			n.start()
			signsIn()

			// A newer program migrates the database while this one runs. At first this one can still use the database, and then no more.
			n.sql(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (90, TRUE)`)
			signsIn()
			n.stop()
			n.start()
			signsIn()
			n.sql(`UPDATE compatibility SET oldest = 90`)
			if n.ready() {
				t.Error("on tables that it does not understand, Nidan says that it is ready")
			}
			n.stop()
			n.refuses("start a newer one", "serve")
			n.refuses("start a newer one", "serve", "--migrate")
		})
	}
}

func TestASecondProcessOnOneFileIsRefused(t *testing.T) {
	n := startedOn(t, shared{})
	n.refuses("another process has it open, and SQLite serves one", "serve")
	n.kill()
	n.start() // the lock of the killed process is gone
	n.isBack()
}
