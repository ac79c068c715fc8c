package store

import (
	"context"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// The writer serves callers in the order in which they came: no caller waits longer because others come and go.
func TestWorkIsDoneInTheOrderInWhichItCame(t *testing.T) {
	s, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w := s.db.(*sqlite).writer
	begun, end := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	do := func(fn func(executor) error) {
		all.Go(func() {
			if err := w.do(context.WithoutCancel(t.Context()), fn); err != nil {
				t.Error(err)
			}
		})
	}
	do(func(executor) error { close(begun); <-end; return nil })
	<-begun
	var order []int
	for i := range 3 * mostAtOnce {
		do(func(executor) error { order = append(order, i); return nil })
		for len(w.waiting) <= i {
			runtime.Gosched()
		}
	}
	close(end)
	all.Wait()
	if len(order) != 3*mostAtOnce || !slices.IsSorted(order) {
		t.Errorf("it was done in the order %v", order)
	}
}
