package replay

import (
	"context"
	"iter"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"nidan/policies"
)

// Recorded is something that was recorded: a sign-in, or what made devices forgotten.
type Recorded struct {
	ID         int64     // of the record; 0: it has none
	DecisionID string    // in a decision log; empty: it is not from one
	At         time.Time // zero: when the sign-in says that it was
	Kind       string    // empty: a sign-in
	Account    string    // Kratos' identity id; empty: the one that the sign-in names
	Name       string    // what the account was called then; empty: not known
	Flow       string    // of the sign-in; empty: not known
	State      string    // how it ended; empty: not known
	Detail     []byte    // JSON: of a sign-in a [policies.Kept]
}

// Trial is what is tried, and on what terms.
type Trial struct {
	Tried    *policies.Engine
	Settings map[string]any   // switches to try with it, in place of the recorded ones, by their names
	Against  *policies.Engine // what it is compared with; nil: what was recorded
	TimeZone *time.Location   // in which midnights are counted; nil: UTC
}

// Run tries an engine's policies against what was recorded, as [Trial.Run] does.
func Run(ctx context.Context, e *policies.Engine, recorded iter.Seq2[Recorded, error], d *Differences, done func(int)) error {
	return Trial{Tried: e}.Run(ctx, recorded, d, done)
}

// Run decides each of the sign-ins, which come in the order of time, as the tried policies would have decided it had they decided all of
// them, and as the others would have, and counts in d what comes out differently. Done is told how many records have been looked at so
// far; it may be nil. A sign-in with a code is several calls, and so several records: the first one is decided. What is left out could be
// what changes: it is counted, too.
func (t Trial) Run(ctx context.Context, recorded iter.Seq2[Recorded, error], d *Differences, done func(int)) error {
	h, err := newHistory(t, d)
	if err != nil {
		return err
	}
	stages, ctx := errgroup.WithContext(ctx)
	work, ordered := make(chan *batch, 2*runtime.GOMAXPROCS(0)), make(chan *batch, 2*runtime.GOMAXPROCS(0))
	stages.Go(func() error {
		defer close(work)
		defer close(ordered)
		return send(ctx, recorded, work, ordered)
	})
	for range runtime.GOMAXPROCS(0) {
		stages.Go(func() error {
			for b := range work {
				b.read()
			}
			return nil
		})
	}
	stages.Go(func() error {
		n := 0
		for b := range ordered { // one after the other: each sign-in rests on those before it
			<-b.ready
			for i := range b.events {
				if err := h.next(ctx, &b.events[i]); err != nil {
					return err
				}
			}
			if n += len(b.events); done != nil {
				done(n)
			}
		}
		return nil
	})
	return stages.Wait()
}

// batchOf is how many records are handed over at once.
const batchOf = 256

// batch is records that are read together.
type batch struct {
	events []event
	ready  chan struct{} // closed when they have been read
}

func (b *batch) read() {
	for i := range b.events {
		b.events[i].read()
	}
	close(b.ready)
}

// send hands records over in batches, to those who read them and, in order, to the one who decides them.
func send(ctx context.Context, recorded iter.Seq2[Recorded, error], work, ordered chan<- *batch) error {
	b := &batch{ready: make(chan struct{})}
	flush := func() error {
		for _, to := range []chan<- *batch{work, ordered} {
			select {
			case to <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		b = &batch{ready: make(chan struct{})}
		return nil
	}
	for r, err := range recorded {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if b.events = append(b.events, event{Recorded: r}); len(b.events) == batchOf {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
