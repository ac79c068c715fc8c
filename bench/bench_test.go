package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// One short round of two subjects: what it says is worth nothing, but that it still says something is.
func TestTheRunnerMeasuresNidanAndAPeer(t *testing.T) {
	b := &bench{root: "..", work: t.TempDir(), rounds: 1, each: 200 * time.Millisecond}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := b.build(ctx); err != nil {
		t.Fatal(err)
	}
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
	b := &bench{root: "..", work: t.TempDir()}
	b.programs.echo = filepath.Join(b.work, "echo")
	if err := build(t.Context(), filepath.Join(b.root, "bench/peers/echo"), b.programs.echo, "."); err != nil {
		t.Fatal(err)
	}
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

// Otherwise a newer router or database would be taken for what Nidan costs.
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
