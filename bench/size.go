package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
)

// sizes are the numbers of records, of remembered devices and of accounts in a database.
var sizes = []int64{1_000, 1_000_000}

// sizes measures sign-ins on remembered devices, with a small and a large database in turn.
func (b *bench) sizes(ctx context.Context) error {
	t := newTable()
	dirs := make(map[int64]string)
	for _, n := range sizes {
		dir, err := b.folder()
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if err := filled(ctx, dir, n); err != nil {
			return err
		}
		dirs[n] = dir
	}
	remembered := hookTemplate(true, object{"device_token": tokenHere})
	for range b.rounds {
		for _, n := range sizes {
			if err := b.turnAtSize(ctx, dirs[n], n, remembered, t); err != nil {
				return fmt.Errorf("%d: %w", n, err)
			}
		}
	}
	b.results.add("## Size\n\nSign-ins on remembered devices, of accounts all over the database.\n\n")
	b.results.add("| records and devices | 1 caller | 64 | p50 / p99 at 64 |\n|---|---|---|---|\n")
	for _, n := range sizes {
		c := t.at(fmt.Sprint(n), 64)
		b.results.add("| %d | %s | %s | %.1f / %.1f ms |\n", n, spread(t.at(fmt.Sprint(n), 1).perSec, "%.0f"), spread(c.perSec, "%.0f"), median(c.p50), median(c.p99))
	}
	small, large := fmt.Sprint(sizes[0]), fmt.Sprint(sizes[1])
	ratio := func(n int) string { return spread(quotients(t.at(large, n).perSec, t.at(small, n).perSec), "%.2f") }
	b.results.add("| ratio | %s | %s | |\n\n", ratio(1), ratio(64))
	b.results.reached(goalSize, "1 caller %s; 64 %s", ratio(1), ratio(64))
	return nil
}

func (b *bench) turnAtSize(ctx context.Context, dir string, n int64, remembered template, t *table) error {
	on, err := b.nidan(ctx, dir, freeAddress(), nil)
	if err != nil {
		return err
	}
	defer on.stop()
	next := func() []byte {
		o := signIn(0)
		who := signIns.Load() * 7919 % n
		o.account, o.name, o.token = id(1, who), fmt.Sprintf("agent-%d", who), deviceToken(who)
		return remembered.fill(o)
	}
	if _, err := load(on.address, 16, b.each, next, http.StatusNoContent); err != nil { // this load reads the pages that every sign-in reads
		return err
	}
	for _, callers := range []int{1, 64} {
		f, err := load(on.address, callers, b.each, next, http.StatusNoContent)
		if err != nil {
			return err
		}
		t.add(fmt.Sprint(n), callers, f, 0, 0)
	}
	return nil
}
