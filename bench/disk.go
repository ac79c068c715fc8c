package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
)

// slowDisk measures the hook where an fsync takes 2 ms, as on an ordinary disk. strace delays the program by this time at the end of each
// fsync and fdatasync, and at no other system call (--seccomp-bpf).
func (b *bench) slowDisk(ctx context.Context) error {
	if _, err := exec.LookPath("strace"); err != nil {
		b.results.add("## A slow disk\n\nLeft out: there is no strace, which makes the disk slow.\n\n")
		return nil
	}
	t, together := newTable(), newTable()
	servers := []struct{ name, cores string }{{"one core", "0"}, {"two cores", "0,1"}}
	for range b.rounds {
		for _, s := range servers {
			if err := b.turnOnSlowDisk(ctx, s.name, s.cores, t, together); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	b.results.add("## A slow disk\n\nAllowed calls where each fsync takes 2 ms longer (strace, `inject=fsync,fdatasync:delay_exit=2000`).\n\n")
	b.results.add("| Nidan on | callers | calls per second | ÷ 1 caller | p50 / p99 | calls per fsync |\n|---|---|---|---|---|---|\n")
	for _, s := range servers {
		for _, n := range callers {
			c := t.at(s.name, n)
			b.results.add("| %s | %d | %s | %s | %.1f / %.1f ms | %.1f |\n", s.name, n, spread(c.perSec, "%.0f"),
				spread(quotients(c.perSec, t.at(s.name, 1).perSec), "%.1f"), median(c.p50), median(c.p99), median(together.at(s.name, n).perSec))
		}
	}
	b.results.add("\n")
	ratio := func(name string) string {
		return spread(quotients(t.at(name, 64).perSec, t.at(name, 1).perSec), "%.1f")
	}
	b.results.reached(goalDisk, "one core %s; two cores %s", ratio("one core"), ratio("two cores"))
	return nil
}

// turnOnSlowDisk is one round. It adds the number of calls per fsync to together.
func (b *bench) turnOnSlowDisk(ctx context.Context, name, cores string, t, together *table) error {
	dir, err := b.folder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	traced := filepath.Join(dir, "traced")
	on, err := b.nidan(ctx, dir, freeAddress(), func(p *program) {
		p.cores = cores
		p.args = append([]string{"strace", "-f", "--seccomp-bpf", "-qqq", "-o", traced, "-e", "trace=fsync,fdatasync",
			"-e", "inject=fsync,fdatasync:delay_exit=2000"}, p.args...)
	})
	if err != nil {
		return err
	}
	defer on.stop()
	allowed := hookTemplate(false, object{})
	if _, err := load(on.address, 4, b.each/8, allowed.each(accounts), http.StatusNoContent); err != nil {
		return err
	}
	for _, n := range callers {
		before := fsyncs(traced)
		f, err := load(on.address, n, b.each, allowed.each(accounts), http.StatusNoContent)
		if err != nil {
			return err
		}
		t.add(name, n, f, 0, 0)
		together.add(name, n, figures{perSec: float64(f.n) / float64(max(1, fsyncs(traced)-before))}, 0, 0)
	}
	return nil
}

// fsyncs returns how many fsyncs strace has logged.
func fsyncs(traced string) int {
	said, _ := os.ReadFile(traced)
	return bytes.Count(said, []byte("sync("))
}
