package replay

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"nidan/policies"
)

// Recorded is a sign-in as it was recorded.
type Recorded struct {
	ID            int64
	Account, Name string // whose, and what the account was called then; empty: not known
	Flow          string // of the sign-in; empty: not known
	Detail        []byte // JSON: a [policies.Kept]
}

// Run decides each of the sign-ins under the engine's policies, and counts what comes out differently in d. Done is told how many records
// have been looked at so far; it may be nil. A sign-in with a code is several calls, and so several records: one of them is decided, the
// one that comes first. What is left out could be what changes: it is counted, too.
func Run(ctx context.Context, e *policies.Engine, recorded iter.Seq2[Recorded, error], d *Differences, done func(int)) error {
	memo, err := e.Memo()
	if err != nil {
		return err
	}
	workers, ctx := errgroup.WithContext(ctx)
	batches := make(chan []Recorded, 2*runtime.GOMAXPROCS(0))
	workers.Go(func() error {
		defer close(batches)
		return d.send(ctx, recorded, batches, done)
	})
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() error {
			for batch := range batches {
				for _, r := range batch {
					if err := d.decide(ctx, memo, r); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	return workers.Wait()
}

// batchOf is how many records are handed over at once.
const batchOf = 256

func (d *Differences) send(ctx context.Context, recorded iter.Seq2[Recorded, error], to chan<- []Recorded, done func(int)) error {
	batch, n := make([]Recorded, 0, batchOf), 0
	records, flows := map[int64]bool{}, map[string]bool{}
	flush := func() error {
		select {
		case to <- batch:
		case <-ctx.Done():
			return ctx.Err()
		}
		if done != nil {
			done(n)
		}
		batch = make([]Recorded, 0, batchOf)
		return nil
	}
	for r, err := range recorded {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n++
		switch {
		case records[r.ID]:
			d.duplicates.Add(1)
			continue
		case r.Flow != "" && flows[r.Flow]:
			d.further.Add(1)
			continue
		}
		records[r.ID], flows[r.Flow] = true, true
		if batch = append(batch, r); len(batch) == batchOf {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

func (d *Differences) decide(ctx context.Context, m *policies.Memo, r Recorded) error {
	var kept struct {
		Input    map[string]any
		Decision *policies.Decision

		Erased, Masked []string
	}
	if err := json.Unmarshal(r.Detail, &kept); err != nil {
		d.unreadable.Add(1)
		return nil
	}
	if kept.Input == nil {
		return nil // not even that could be kept of it: nobody was let in
	}
	from := policies.Decision{Action: policies.ActionRefuse, Reason: "undecided"}
	if kept.Decision != nil && kept.Decision.Action != "" {
		from = *kept.Decision
	}
	to, err := m.Login(ctx, kept.Input)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d.Add(who(kept.Input), from, to, err, r.ID)
	if m.ReadsAny(kept.Erased) || m.ReadsAny(kept.Masked) {
		d.inexact.Add(1)
	}
	return nil
}

// who is what is shown of a sign-in.
func who(in map[string]any) policies.Input {
	var shown policies.Input
	if account, ok := in["account"].(map[string]any); ok {
		shown.Account.Name, _ = account["name"].(string)
		shown.Account.Role, _ = account["role"].(string)
	}
	if now, ok := in["now"].(string); ok {
		shown.Now, _ = time.Parse(time.RFC3339, now)
	}
	return shown
}

// mostLine bounds a line of an export.
const mostLine = 1 << 20

// Lines are the sign-ins of an export of records (JSON Lines), since then. Other records are passed over.
func Lines(r io.Reader, since time.Time) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(make([]byte, 64<<10), mostLine)
		for n := 1; lines.Scan(); n++ {
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			var l struct {
				ID     *int64
				At     time.Time
				Kind   string
				Flow   string
				Detail json.RawMessage
			}
			err := json.Unmarshal(lines.Bytes(), &l)
			if err == nil && (l.ID == nil || l.Kind == "") {
				err = errors.New("it is no record: id or kind is missing")
			}
			if err != nil {
				yield(Recorded{}, fmt.Errorf("read line %d: %w", n, err))
				return
			}
			if l.Kind != "sign_in" || l.At.Before(since) {
				continue
			}
			if !yield(Recorded{ID: *l.ID, Flow: l.Flow, Detail: l.Detail}, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Recorded{}, fmt.Errorf("read the records: %w", err))
		}
	}
}
