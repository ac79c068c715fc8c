package store

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// bubble is a store in simulated time (testing/synctest), so that waiting times are exact. Its database file is real.
type bubble struct {
	t     *testing.T
	store *Store
	began time.Time
	all   sync.WaitGroup
	once  sync.Once
	last  []func() // checks that run at the end of the test
}

func (b *bubble) close() {
	b.once.Do(func() {
		if err := b.store.Close(); err != nil {
			b.t.Error(err)
		}
	})
}

func inBubble(t *testing.T, fn func(b *bubble)) {
	t.Helper()
	file := "sqlite:" + filepath.Join(t.TempDir(), "nidan.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		b := &bubble{t: t, store: s, began: time.Now()}
		fn(b)
		b.all.Wait()
		b.close()
		for _, look := range b.last {
			look()
		}
	})
}

// do starts a unit of work that takes the time takes, for a caller whose context lasts for waits. It checks that the call returns with
// the error want when ends has passed since the bubble began, and that the work was done if done is true.
func (b *bubble) do(takes, waits, ends time.Duration, want error, done bool) {
	worked := false
	b.all.Go(func() {
		ctx, cancel := context.WithTimeout(b.t.Context(), waits)
		defer cancel()
		err := b.store.update(ctx, "", func(*tx) error {
			time.Sleep(takes)
			worked = true
			return nil
		})
		if at := time.Since(b.began); !errors.Is(err, want) || at != ends {
			b.t.Errorf("after %v: %v, want %v after %v", at, err, want, ends)
		}
	})
	b.last = append(b.last, func() {
		if worked != done {
			b.t.Errorf("who was told %v at %v: the work was done: %v", want, ends, worked)
		}
	})
	synctest.Wait() // until the unit of work runs, or waits in the queue
}

func TestWorkThatHasNotBegunIsLeftByWhoeverWaitsNoLonger(t *testing.T) {
	inBubble(t, func(b *bubble) {
		b.do(3*time.Second, time.Minute, 4*time.Second, nil, true) // it is committed together with the units that came meanwhile
		b.do(0, time.Second, time.Second, context.DeadlineExceeded, false)
		b.do(time.Second, time.Minute, 4*time.Second, nil, true)
	})
}

// A caller must not get the answer "not done" while its work is being done.
func TestWorkThatHasBegunIsWaitedFor(t *testing.T) {
	inBubble(t, func(b *bubble) { b.do(3*time.Second, time.Second, 3*time.Second, nil, true) })
}

func TestWhoeverWaitsIsToldThatTheStoreIsClosed(t *testing.T) {
	inBubble(t, func(b *bubble) {
		b.do(3*time.Second, time.Minute, 3*time.Second, nil, true)
		time.Sleep(time.Second)
		b.all.Go(b.close)
		synctest.Wait()
		b.do(0, time.Second, 2*time.Second, context.DeadlineExceeded, false)
		time.Sleep(4 * time.Second)
		for range 20 { // often enough that select takes both ready cases: room in the queue, and a writer that has ended
			b.do(0, time.Minute, 5*time.Second, errClosed, false)
		}
	})
}
