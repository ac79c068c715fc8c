package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"nidan/exchange"
	"nidan/records"
	"nidan/store"
)

// held keeps a unit of work of the account running until letGo is called, so that other units of work for the account wait.
func held(t *testing.T, s *store.Store, account string) (letGo func()) {
	t.Helper()
	begun, end, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- s.Update(context.WithoutCancel(t.Context()), account, func(exchange.Tx) error {
			close(begun)
			<-end
			return nil
		})
	}()
	<-begun
	return func() {
		t.Helper()
		close(end)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func record(flow string) records.Record {
	return records.Record{At: at, Kind: "sign_in", Account: "agent", Flow: flow, State: "allowed"}
}

// Hundreds of units of work are committed; on SQLite, in shared transactions. A unit that fails or panics is undone alone. A unit
// whose context ends while it runs is kept completely or not at all.
func undoneAlone(t *testing.T, s *store.Store) {
	letGo := held(t, s, "holder")
	broken := errors.New("broken")
	var all sync.WaitGroup
	var want atomic.Int64
	for i := range 300 {
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			defer func() {
				if p := recover(); p != nil && i%5 != 2 {
					t.Errorf("%d panicked: %v", i, p)
				}
			}()
			err := s.Update(ctx, fmt.Sprint(i), func(tx exchange.Tx) error {
				if err := tx.AddRecord(ctx, record(fmt.Sprint(i))); err != nil {
					return err
				}
				switch i % 5 {
				case 1:
					return broken
				case 2:
					panic(broken)
				case 3:
					cancel()
					return tx.AddRecord(ctx, record("and again"))
				case 4:
					return tx.AddChallenge(ctx, sample("the same for all"))
				}
				return nil
			})
			switch i % 5 {
			case 0:
				want.Add(1)
				if err != nil {
					t.Errorf("%d: %v", i, err)
				}
			case 3:
				if err == nil {
					want.Add(2)
				}
			case 4:
				if err == nil {
					want.Add(1)
				}
			case 1:
				if !errors.Is(err, broken) {
					t.Errorf("%d: %v", i, err)
				}
			case 2:
				t.Errorf("%d did not panic", i)
			}
		})
	}
	letGo()
	all.Wait()
	if n := count(t, s, "records"); n != int(want.Load()) {
		t.Errorf("%d records are kept, want the %d of the units that did not fail", n, want.Load())
	}
	if n := count(t, s, "challenges"); n != 1 {
		t.Errorf("%d challenges are kept", n)
	}
}

func whoLeavesIsLeftOut(t *testing.T, s *store.Store) {
	letGo := held(t, s, "agent")
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		left <- s.Update(ctx, "agent", func(exchange.Tx) error { t.Error("it was carried out"); return nil })
	}()
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	letGo()
	update(t, s, func(context.Context, exchange.Tx) error { return nil })
}

func closedStore(t *testing.T, s *store.Store) {
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), "agent", func(exchange.Tx) error { return nil }); err == nil {
		t.Error("a store that is closed takes work")
	}
}
