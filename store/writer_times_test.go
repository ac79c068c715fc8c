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

// bubble is a store in which time is not real (testing/synctest), so that who waits for how long is exact. Its file is a real one.
type bubble struct {
	t     *testing.T
	store *Store
	began time.Time
	all   sync.WaitGroup
	once  sync.Once
	last  []func() // what is looked at when all is over
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

// do has a unit of work done that takes a while, for somebody who waits for a while. It begins to wait now, and must end at that time
// with that error, with its work done or not.
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
	synctest.Wait() // until it is under way, or waits
}

func TestWorkThatHasNotBegunIsLeftByWhoeverWaitsNoLonger(t *testing.T) {
	inBubble(t, func(b *bubble) {
		b.do(3*time.Second, time.Minute, 4*time.Second, nil, true) // it is made durable together with what came meanwhile
		b.do(0, time.Second, time.Second, context.DeadlineExceeded, false)
		b.do(time.Second, time.Minute, 4*time.Second, nil, true)
	})
}

// Nobody may be told that nothing was done while it is being done.
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
		for range 20 { // whether or not there is room to wait in
			b.do(0, time.Minute, 5*time.Second, errClosed, false)
		}
	})
}
