package storetest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"nidan/exchange"
	"nidan/records"
	"nidan/store"
)

func policiesWatched(t *testing.T, s *store.Store) {
	activate := func() {
		t.Helper()
		if err := s.PoliciesActivated(t.Context(), records.Record{At: at, Kind: "policies_activated", Revision: "r"}); err != nil {
			t.Fatal(err)
		}
	}
	activate() // a change from before the watch begins, which must not be reported
	ctx, cancel := context.WithCancel(t.Context())
	told, ended := make(chan struct{}, 10), make(chan error)
	go func() { ended <- s.WatchPolicies(ctx, slog.New(slog.DiscardHandler), func() { told <- struct{}{} }) }()
	time.Sleep(100 * time.Millisecond)
	for range 2 {
		activate()
		<-told
	}
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		return tx.AddRecord(ctx, records.Record{At: at, Kind: "sign_in"})
	})
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := len(told); n != 0 {
		t.Errorf("told %d times more than there was something to tell", n)
	}
}
