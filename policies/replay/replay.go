package replay

import (
	"context"
	"iter"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"nidan/policies"
)

// Recorded is one record: a sign-in, or an event that may have made devices forgotten.
type Recorded struct {
	ID         int64     // of the record; 0: none
	DecisionID string    // in a decision log; empty: the record is not from a log
	At         time.Time // zero: the time in the sign-in's input counts
	Kind       string    // empty: a sign-in
	Account    string    // Kratos' identity ID; empty: the account that the sign-in names
	Name       string    // the account's name at that time; empty: not known
	Flow       string    // ID of the sign-in's flow; empty: not known
	State      string    // how the call ended; empty: not known
	Detail     []byte    // JSON; for a sign-in a [policies.Kept]
}

// Trial says which policies are tried, and how.
type Trial struct {
	Tried    *policies.Engine
	Settings map[string]any   // console switches that replace the recorded ones, by name
	Against  *policies.Engine // the policies to compare with; nil: the recorded decisions
	TimeZone *time.Location   // the zone in which midnights are counted; nil: UTC
}

// Run tries an engine's policies against the recorded decisions, see [Trial.Run].
func Run(ctx context.Context, e *policies.Engine, recorded iter.Seq2[Recorded, error], d *Differences, done func(int)) error {
	return Trial{Tried: e}.Run(ctx, recorded, d, done)
}

// Run decides each sign-in as the tried policies would have decided if they had decided all earlier sign-ins, too. It compares
// these decisions with those of Against, or with the recorded ones, and counts the differences in d. The records must come in the
// order of time. Run calls done, which may be nil, with the number of records read so far. A sign-in with a code has several calls,
// and so several records: Run decides the first of them. It also counts the records that it leaves out, because these may hide a
// difference.
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
		for b := range ordered { // in order: a decision depends on the sign-ins before it
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

// batchOf is how many records are handed over together.
const batchOf = 256

// batch is a group of records that are decoded together.
type batch struct {
	events []event
	ready  chan struct{} // closed when the records have been decoded
}

func (b *batch) read() {
	for i := range b.events {
		b.events[i].read()
	}
	close(b.ready)
}

// send sends batches of records to the goroutines that decode them and, in order, to the goroutine that decides them.
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
