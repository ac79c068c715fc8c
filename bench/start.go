package main

import (
	"context"
	"net/http"
	"os"
	"time"
)

// callsBeforeMemory is how many calls a server answers before its memory is read.
const callsBeforeMemory = 100_000

// starts measures how long servers take until they are ready, and their memory after many calls.
func (b *bench) starts(ctx context.Context) error {
	dir, err := b.folder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	nowhere := freeAddress()
	var first, again, opa []float64
	for range max(5, b.rounds) {
		fresh, err := b.folder()
		if err != nil {
			return err
		}
		for _, s := range []struct {
			into  *[]float64
			start func() (*server, error)
		}{
			{&first, func() (*server, error) { return b.nidan(ctx, fresh, nowhere, nil) }},
			{&again, func() (*server, error) { return b.nidan(ctx, fresh, nowhere, nil) }},
			{&opa, func() (*server, error) { return b.opa(ctx, fresh) }},
		} {
			on, err := s.start()
			if err != nil {
				return err
			}
			on.stop()
			*s.into = append(*s.into, ms(on.took))
		}
		os.RemoveAll(fresh)
	}
	b.results.add("## Start and memory\n\n| server | ready after (median of %d) |\n|---|---|\n", len(again))
	b.results.add("| Nidan, its database there | %s ms |\n| Nidan, no database yet | %s ms |\n| `opa run --server` | %s ms |\n\n",
		spread(again, "%.0f"), spread(first, "%.0f"), spread(opa, "%.0f"))

	memory := func(on *server, next calls, want int) (idle, used float64, err error) {
		defer on.stop()
		idle = resident(on.pid)
		_, err = load(on.address, 64, 10*time.Minute, only(callsBeforeMemory, next), want)
		return idle, resident(on.pid), err
	}
	on, err := b.nidan(ctx, dir, nowhere, nil)
	if err != nil {
		return err
	}
	nidanIdle, nidanUsed, err := memory(on, hookTemplate(false, object{}).each(accounts), http.StatusNoContent)
	if err != nil {
		return err
	}
	if on, err = b.opa(ctx, dir); err != nil {
		return err
	}
	ask := newTemplate("/v1/data/nidan/login/decision", "application/json", encoded(askOPA()))
	opaIdle, opaUsed, err := memory(on, ask.each(accounts), http.StatusOK)
	if err != nil {
		return err
	}
	b.results.add("| server | resident when ready | after %d calls of 64 callers |\n|---|---|---|\n", callsBeforeMemory)
	b.results.add("| Nidan | %.0f MiB | %.0f MiB |\n| `opa run --server` | %.0f MiB | %.0f MiB |\n| ratio | %.2f | %.2f |\n\n",
		nidanIdle, nidanUsed, opaIdle, opaUsed, nidanIdle/opaIdle, nidanUsed/opaUsed)
	b.results.reached(goalStart, "%s; %.2f", spread(quotients(again, opa), "%.1f"), nidanUsed/opaUsed)
	return nil
}

// only returns the first n of the calls.
func only(n int64, next calls) calls {
	begun := signIns.Load()
	return func() []byte {
		if signIns.Load()-begun >= n {
			return nil
		}
		return next()
	}
}
