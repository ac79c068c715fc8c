package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

var programsIn string // a folder

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "nidan-bench-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make a folder for programs:", err)
		os.Exit(1)
	}
	programsIn = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// built builds the programs, once for all tests.
var built = sync.OnceValues(func() (*bench, error) {
	b := &bench{root: "..", work: programsIn}
	return b, b.build(context.Background())
})

// newBench returns a bench that has its programs built, and a folder of its own.
func newBench(t *testing.T) *bench {
	t.Helper()
	b, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return &bench{root: b.root, work: t.TempDir(), programs: b.programs, rounds: 1, each: 200 * time.Millisecond}
}

// This is one short round of a few subjects. Its figures mean nothing; the test checks only that there are figures. So it may run beside
// other tests.
func TestTheRunnerMeasuresNidanAndAPeer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	b.results.begin(b)
	measured := newTable()
	var chosen []subject
	for _, s := range b.subjects() {
		if s.name == nidanAllowed || s.name == nidanRight || s.name == nidanIssued || s.name == echoNothing {
			chosen = append(chosen, s)
		}
	}
	for _, s := range chosen {
		if err := b.turn(ctx, s, measured); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
	}
	b.results.table(measured, chosen)
	written := b.results.markdown()
	for _, s := range chosen {
		for _, callers := range callers {
			if len(measured.at(s.name, callers).perSec) != 1 {
				t.Errorf("%s with %d callers was not measured", s.name, callers)
			}
		}
		if !strings.Contains(written, "| "+s.name+" |") {
			t.Errorf("%s is not in the results:\n%s", s.name, written)
		}
	}
}

func TestACallThatIsAnsweredOtherwiseEndsTheLoad(t *testing.T) {
	b := newBench(t)
	on, err := b.echo(t.Context(), b.work, "nothing")
	if err != nil {
		t.Fatal(err)
	}
	defer on.stop()
	_, err = load(on.address, 2, time.Minute, hookTemplate(false, object{}).each(1), 204)
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a call that nobody knows: %v", err)
	}
}

// The time of a call depends on the machine. The ratio of the slowest calls to the others in one run depends on Nidan. Other work on the
// machine may delay some calls once, so there are three runs: if Nidan is unfair, each run shows it.
func TestNoCallerWaitsMuchLongerThanTheOthers(t *testing.T) {
	b := newBench(t)
	on, err := b.nidan(t.Context(), b.work, freeAddress(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer on.stop()
	next := hookTemplate(false, object{}).each(accounts)
	if _, err := load(on.address, 4, b.each, next, http.StatusNoContent); err != nil { // this load makes what is made only once
		t.Fatal(err)
	}
	var said []string
	for range 3 {
		f, err := load(on.address, 64, 1200*time.Millisecond, next, http.StatusNoContent)
		if err != nil {
			t.Fatal(err)
		}
		if f.p99 <= 20*f.p50 {
			return
		}
		said = append(said, fmt.Sprintf("p99 is %v and p50 %v (%.1f times, of %d calls)", f.p99, f.p50, float64(f.p99)/float64(f.p50), f.n))
	}
	t.Errorf("p99 is to be 20 times p50 at most, with 64 callers: %s", strings.Join(said, "; "))
}

func TestOfHowLongCallsTook(t *testing.T) {
	took := make([]time.Duration, 100)
	for i := range took {
		took[i] = time.Duration(100-i) * time.Millisecond
	}
	if f := of(took); f.n != 100 || f.p50 != 51*time.Millisecond || f.p99 != 100*time.Millisecond {
		t.Errorf("1 to 100 ms: %+v", f)
	}
	if f := of(nil); f.n != 0 {
		t.Errorf("nothing: %+v", f)
	}
}

func TestTheCommittedResultsHoldEveryGoal(t *testing.T) {
	written, err := os.ReadFile("RESULTS.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range goals {
		if !strings.Contains(string(written), "| "+g.name+" | "+g.goal+" |") {
			t.Errorf("RESULTS.md does not hold %q", g.name)
		}
	}
}

// Otherwise a newer router or database would count as a cost of Nidan.
func TestThePeersAreBuiltFromWhatNidanIsBuiltFrom(t *testing.T) {
	version := func(dir, module string) string {
		out, err := exec.CommandContext(t.Context(), "go", "-C", dir, "list", "-m", "-f", "{{.Version}}", module).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for _, module := range []string{"github.com/labstack/echo/v4", "modernc.org/sqlite"} {
		if ours, theirs := version("..", module), version("peers/echo", module); ours != theirs {
			t.Errorf("%s is %s in Nidan and %s in its peers", module, ours, theirs)
		}
	}
}
