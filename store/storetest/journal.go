package storetest

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"nidan/exchange"
	"nidan/journal"
	"nidan/records"
	"nidan/store"
)

func sealerOf(s *store.Store, now func() time.Time) *journal.Sealer {
	return &journal.Sealer{Store: s, Now: now, Log: slog.New(slog.DiscardHandler)}
}

func fixed() time.Time { return at }

func addRecords(t *testing.T, s *store.Store, account string, n int) {
	t.Helper()
	err := s.Update(t.Context(), account, func(tx exchange.Tx) error {
		for i := range n {
			r := records.Record{
				At: at, Kind: "sign_in", Account: account, Name: "代理人", By: "admin", Flow: fmt.Sprint(i), Challenge: "c", State: "allowed",
				Reason: "reason", Revision: "r", Detail: []byte(`{"a": "<b>"}`),
			}
			if i%2 == 1 {
				r.Detail = nil
			}
			if err := tx.AddRecord(t.Context(), r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func verifiedWhole(t *testing.T, s *store.Store, want int64) {
	t.Helper()
	r, err := (&journal.Verifier{Now: fixed}).Verify(t.Context(), s)
	if err != nil || r.Found != 0 || r.Records != want || r.NotSealed != 0 || r.Covered != want {
		t.Errorf("want %d records: %+v, %v", want, r, err)
	}
}

// Each database must return a record exactly as it was written; otherwise the digest of its leaf would differ.
func recordsSealed(t *testing.T, s *store.Store) {
	if first, last, err := s.RecordIDs(t.Context()); first != 0 || last != 0 || err != nil {
		t.Errorf("of no records: %d, %d, %v", first, last, err)
	}
	sealer := sealerOf(s, fixed)
	for _, n := range []int{0, 3, 0, 450} {
		addRecords(t, s, "agent", n)
		if err := sealer.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	verifiedWhole(t, s, 453)
	f := records.Filter{Account: "agent", Before: 454, Limit: 10}
	found, err := s.Records(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	leaves, err := s.LeavesOf(t.Context(), found)
	if err != nil || len(leaves) != 10 || leaves[453].Index != 452 || !leaves[453].At.Equal(at) {
		t.Errorf("the leaves of ten: %+v, %v", leaves, err)
	}
}

func leavesAddedOnce(t *testing.T, s *store.Store) {
	addRecords(t, s, "agent", 4)
	found, err := s.UnsealedRecords(t.Context(), 0, 100, 3)
	if err != nil || len(found) != 3 {
		t.Fatal(found, err)
	}
	leaves := []journal.Leaf{journal.LeafOf(0, found[0]), journal.LeafOf(1, found[1]), journal.LeafOf(2, found[2])}
	for _, want := range []bool{true, false} {
		if ok, err := s.AddLeaves(t.Context(), leaves); ok != want || err != nil {
			t.Errorf("added: %v, %v, want %v", ok, err, want)
		}
	}
	if found, err := s.UnsealedRecords(t.Context(), 0, 100, 10); err != nil || len(found) != 1 || found[0].ID != 4 {
		t.Errorf("still without a leaf: %+v, %v", found, err)
	}
	if got, err := s.Leaves(t.Context(), 1, 1); err != nil || len(got) != 1 || got[0].Index != 1 || got[0].Record != found[1].ID {
		t.Errorf("got %+v, %v", got, err)
	}
	if again, err := s.AddLeaves(t.Context(), []journal.Leaf{journal.LeafOf(3, found[0])}); again || err != nil {
		t.Errorf("a record has a second leaf: %v, %v", again, err)
	}
}

func checkpointsKept(t *testing.T, s *store.Store) {
	if k, err := s.NewestCheckpoint(t.Context()); k != nil || err != nil {
		t.Errorf("at first: %+v, %v", k, err)
	}
	for i, after := range []time.Duration{0, time.Minute, time.Hour, 3 * time.Hour} {
		k := journal.Kept{Size: int64(10 * (i + 1)), At: at.Add(after), Text: fmt.Sprint(i), Hashes: []byte{byte(i)}}
		for range 2 { // two processes may write the same checkpoint
			if err := s.AddCheckpoint(t.Context(), k); err != nil {
				t.Fatal(err)
			}
		}
	}
	for what, find := range map[string]struct {
		of   func(context.Context) (*journal.Kept, error)
		want int64
	}{
		"the newest":    {s.NewestCheckpoint, 40},
		"up to 29":      {func(ctx context.Context) (*journal.Kept, error) { return s.CheckpointUpTo(ctx, 29) }, 20},
		"from 21 on":    {func(ctx context.Context) (*journal.Kept, error) { return s.CheckpointFrom(ctx, 21) }, 30},
		"from 40 on":    {func(ctx context.Context) (*journal.Kept, error) { return s.CheckpointFrom(ctx, 40) }, 40},
		"of the past":   {func(ctx context.Context) (*journal.Kept, error) { return s.CheckpointUpTo(ctx, 19) }, 0},
		"of the future": {func(ctx context.Context) (*journal.Kept, error) { return s.CheckpointFrom(ctx, 41) }, 0},
	} {
		k, err := find.of(t.Context())
		if err != nil || (k == nil) != (find.want == 0) || k != nil && k.Size != find.want {
			t.Errorf("%s: %+v, %v", what, k, err)
		}
	}
	all, err := s.Checkpoints(t.Context())
	if err != nil || len(all) != 3 || all[0].Size != 20 || !all[0].At.Equal(at.Add(time.Minute)) || all[0].Text != "1" || all[0].Hashes[0] != 1 {
		t.Errorf("the last one of each hour: %+v, %v", all, err)
	}
}

// Several processes seal records while records are written.
func sealedWhileWritten(t *testing.T, s *store.Store) {
	const writers, units, each = 8, 10, 5
	var all sync.WaitGroup
	written := make(chan struct{})
	for w := range writers {
		all.Go(func() {
			for range units {
				addRecords(t, s, fmt.Sprint("agent-", w), each)
			}
		})
	}
	var sealing sync.WaitGroup
	for range 3 {
		sealing.Go(func() {
			sealer := sealerOf(s, fixed)
			for done := false; !done; {
				select {
				case <-written:
					done = true
				default:
				}
				// If another process was first, this is no error.
				if err := sealer.Seal(t.Context()); err != nil && !journal.Behind(err) {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	close(written)
	sealing.Wait()
	if err := sealerOf(s, fixed).Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	verifiedWhole(t, s, writers*units*each)
}
