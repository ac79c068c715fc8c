package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
)

// slowDisk measures the hook where keeping something durable takes 2 ms, as on an ordinary disk. strace holds the program up for that
// long at the end of each fsync and fdatasync, and at no other call (--seccomp-bpf).
func (b *bench) slowDisk(ctx context.Context) error {
	if _, err := exec.LookPath("strace"); err != nil {
		b.results.add("## A slow disk\n\nLeft out: there is no strace, which makes the disk slow.\n\n")
		return nil
	}
	slow := func(p *program) {
		p.args = append([]string{"strace", "-f", "--seccomp-bpf", "-qqq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync",
			"-e", "inject=fsync,fdatasync:delay_exit=2000"}, p.args...)
	}
	t := newTable()
	allowed := hookTemplate(false, object{})
	for range b.rounds {
		err := func() error {
			dir, err := b.folder()
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			on, err := b.nidan(ctx, dir, freeAddress(), slow)
			if err != nil {
				return err
			}
			defer on.stop()
			if _, err := load(on.address, 4, b.each/8, allowed.each(accounts), http.StatusNoContent); err != nil {
				return err
			}
			for _, n := range callers {
				f, err := load(on.address, n, b.each, allowed.each(accounts), http.StatusNoContent)
				if err != nil {
					return err
				}
				t.add("", n, f, 0, 0)
			}
			return nil
		}()
		if err != nil {
			return err
		}
	}
	b.results.add("## A slow disk\n\nAllowed calls where each fsync takes 2 ms longer (strace, `inject=fsync,fdatasync:delay_exit=2000`).\n\n")
	b.results.add("| callers | calls per second | ÷ 1 caller | p50 / p99 |\n|---|---|---|---|\n")
	for _, n := range callers {
		c := t.at("", n)
		b.results.add("| %d | %s | %s | %.1f / %.1f ms |\n", n, spread(c.perSec, "%.0f"),
			spread(quotients(c.perSec, t.at("", 1).perSec), "%.1f"), median(c.p50), median(c.p99))
	}
	b.results.add("\n")
	b.results.reached(goalDisk, "%s", spread(quotients(t.at("", 64).perSec, t.at("", 1).perSec), "%.1f"))
	return nil
}
