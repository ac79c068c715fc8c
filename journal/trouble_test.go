package journal_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nidan/journal"
	"nidan/records"
)

// faulty is an empty store that returns err if it is set.
type faulty struct {
	journal.Store
	err atomic.Pointer[error] // nil: nothing fails
}

func (f *faulty) failure() error {
	if err := f.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (f *faulty) fail(text string) (err error) {
	err = errors.New(text)
	f.err.Store(&err)
	return err
}

func (f *faulty) NewestCheckpoint(context.Context) (*journal.Kept, error) { return nil, f.failure() }

func (f *faulty) Leaves(context.Context, int64, int) ([]journal.Leaf, error) { return nil, f.failure() }

func (f *faulty) RecordIDs(context.Context) (first, last int64, err error) { return 0, 0, f.failure() }

func (f *faulty) UnsealedRecords(context.Context, int64, int64, int) ([]records.Record, error) {
	return nil, f.failure()
}

func TestASealerTellsWhyItCannotSealAndSinceWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		store := &faulty{}
		s := &journal.Sealer{Store: store, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Run(ctx) }()
		later := func() { time.Sleep(30 * time.Second); synctest.Wait() }
		later()
		if s.Trouble() != nil {
			t.Errorf("before anything fails: %+v", s.Trouble())
		}
		broken := time.Now()
		full := store.fail("the disk is full")
		later()
		first := s.Trouble()
		if first == nil || first.Since.Before(broken) || first.Since.After(broken.Add(2*time.Second)) || !errors.Is(first.Err, full) {
			t.Fatalf("while it fails: %+v", first)
		}
		gone := store.fail("the disk is gone")
		later()
		if now := s.Trouble(); now == nil || !now.Since.Equal(first.Since) || !errors.Is(now.Err, gone) {
			t.Errorf("while it fails for another reason: %+v", now)
		}
		store.err.Store(nil)
		later()
		if s.Trouble() != nil {
			t.Errorf("when all is well again: %+v", s.Trouble())
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := strings.Count(log.String(), "records are not sealed"); n != 2 || strings.Count(log.String(), "sealed again") != 1 {
			t.Errorf("each reason is logged once:\n%s", log.String())
		}
	})
}

func TestARecordWaitsUntilACheckpointCoversIt(t *testing.T) {
	s := newScene(t)
	waits := func(what string, want time.Time) {
		t.Helper()
		if since, err := journal.Waiting(t.Context(), s.Store); err != nil || !since.Equal(want) {
			t.Errorf("%s: %v, %v, want %v", what, since, err, want)
		}
	}
	waits("no record", time.Time{})
	s.write(t, 3)
	waits("three that are not sealed", s.clock.Add(-2*time.Second))
	s.seal(t)
	waits("all of them sealed", time.Time{})
	s.write(t, 2)
	waits("two more", s.clock.Add(-time.Second))
	s.seal(t)
	s.exec(t, `DELETE FROM journal_checkpoints`)
	waits("leaves without a checkpoint", s.clock.Add(-4*time.Second))
}
