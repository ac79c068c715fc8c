package cmd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"testing"
)

// interrupted returns the error of a command whose context is cancelled at the start.
func interrupted(t *testing.T, args ...string) error {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	c := root()
	c.SetOut(io.Discard)
	c.SetErr(io.Discard)
	c.SetIn(&bytes.Buffer{})
	c.SetArgs(args)
	return execute(ctx, c)
}

// A script must not take an empty export for a complete one, or an interrupted replay for one without differences.
func TestACommandThatWasInterruptedDoesNotEndAsIfItHadDoneItsWork(t *testing.T) {
	kept(t, someSignIns()...)
	ships := copied(t, "data.json", "", "")
	for _, args := range [][]string{
		{"policy", "replay", ships}, {"policy", "diff", ships}, {"policy", "check", ships}, {"records", "export"}, {"records", "verify"},
		{"backup", filepath.Join(t.TempDir(), "copy.db")}, {"migrate", "up"},
	} {
		if err := interrupted(t, args...); statusOf(err) != statusInterrupted {
			t.Errorf("%v ends with status %d: %v", args, statusOf(err), err)
		}
	}
	if err := interrupted(t, "records", "no-such"); statusOf(err) != statusUsage {
		t.Errorf("a wrong command line ends with status %d: %v", statusOf(err), err)
	}
}

func TestWhatGoesOnUntilItIsStoppedEndsWellThen(t *testing.T) {
	kept(t)
	t.Setenv("NIDAN_HOOKS_LISTEN", fmt.Sprint("127.0.0.1:", closedPort(t)))
	t.Setenv("NIDAN_PUBLIC_LISTEN", fmt.Sprint("127.0.0.1:", closedPort(t)))
	if err := interrupted(t, "serve"); err != nil {
		t.Error(err)
	}
}
