package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// bench is one run.
type bench struct {
	root     string // the project's folder
	work     string // for the databases
	programs struct{ nidan, opa, echo string }

	rounds int
	each   time.Duration // the time of one load
	opaToo bool

	results results
}

// parts are the parts of a run, in this order.
var parts = []struct {
	name string
	do   func(*bench, context.Context) error
}{
	{"calls", (*bench).calls}, {"start", (*bench).starts}, {"mail", (*bench).mail}, {"size", (*bench).sizes},
	{"signin", (*bench).wholeSignIns}, {"replicas", (*bench).replicated}, {"disk", (*bench).slowDisk},
}

func main() {
	b := &bench{opaToo: true}
	flag.StringVar(&b.root, "root", ".", "the project's folder")
	out := flag.String("out", "bench/RESULTS.md", "the file to write")
	work := flag.String("work", "", "a folder on the disk to measure; empty: the system's folder for temporary files")
	only := flag.String("parts", "", "what to measure, of calls,start,mail,size,signin,replicas,disk; empty: all")
	flag.StringVar(&b.results.note, "note", "", "a sentence on this run, for its results")
	flag.IntVar(&b.rounds, "rounds", 3, "how often each subject has its turn")
	flag.DurationVar(&b.each, "each", 2*time.Second, "how long each load lasts")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.run(ctx, *work, *only, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context, work, only, out string) (err error) {
	if b.work, err = os.MkdirTemp(work, "nidan-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	if b.root, err = filepath.Abs(b.root); err != nil {
		return err
	}
	if err := b.build(ctx); err != nil {
		return err
	}
	b.results.begin(b)
	pin()
	for _, p := range parts {
		if only != "" && !slices.Contains(strings.Split(only, ","), p.name) || ctx.Err() != nil {
			continue
		}
		fmt.Println(time.Now().Format("15:04:05"), p.name)
		if e := p.do(b, ctx); e != nil {
			// The other parts are still measured.
			b.results.add("## Not measured: %s\n\nIt failed: %v\n\n", p.name, e)
			err = errors.Join(err, fmt.Errorf("%s: %w", p.name, e))
		}
	}
	return errors.Join(err, os.WriteFile(out, []byte(b.results.markdown()), 0o644))
}

// build builds Nidan and its peers, each from its own module.
func (b *bench) build(ctx context.Context) error {
	bin := filepath.Join(b.work, "bin")
	b.programs.nidan, b.programs.opa, b.programs.echo = filepath.Join(bin, "nidan"), filepath.Join(bin, "opa"), filepath.Join(bin, "echo")
	err := errors.Join(
		build(ctx, b.root, b.programs.nidan, "."), build(ctx, filepath.Join(b.root, "bench/peers/echo"), b.programs.echo, "."))
	if b.opaToo {
		err = errors.Join(err, build(ctx, b.root, b.programs.opa, "-modfile=policies/opa/go.mod", "github.com/open-policy-agent/opa"))
	}
	return err
}

// build builds a program in the module that dir belongs to.
func build(ctx context.Context, dir, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-o", program}, args...)...)
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build in %s: %w: %s", dir, err, said)
	}
	return nil
}

// folder makes a new folder, for one server.
func (b *bench) folder() (string, error) { return os.MkdirTemp(b.work, "run-") }

func get(url string) (string, error) {
	answer, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	return string(said), err
}
