package storetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nidan/records"
	"nidan/store"
)

func ask(t *testing.T, s *store.Store, revision, digest, source string) store.Approval {
	t.Helper()
	kept, err := s.AskApproval(t.Context(), store.Approval{
		Revision: revision, Digest: digest, Against: "old", Name: "v1", Source: source, Loosening: []byte("{}"), Files: []byte{1, 2}, Since: at,
	})
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

func answer(t *testing.T, s *store.Store, revision, digest, with string) bool {
	t.Helper()
	waited, err := s.AnswerApproval(t.Context(), revision, digest, with, records.Record{
		At: at, Kind: "policies_" + with, By: "admin", State: "changed", Revision: revision,
	})
	if err != nil {
		t.Fatal(err)
	}
	return waited
}

func recorded(t *testing.T, s *store.Store, kind string) int {
	t.Helper()
	n, err := s.CountRecords(t.Context(), records.Filter{Kind: kind})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func approvalWaits(t *testing.T, s *store.Store) {
	first := ask(t, s, "a", "x", "the folder f")
	if first.Revision != "a" || first.Digest != "x" || first.Against != "old" || first.Name != "v1" || first.Source != "the folder f" ||
		string(first.Loosening) != "{}" || string(first.Files) != "\x01\x02" || !first.Since.Equal(at) || first.Answer != "" || !first.AnsweredAt.IsZero() {
		t.Errorf("got %+v", first)
	}
	if answer(t, s, "a", "y", store.Approved) || answer(t, s, "b", "x", store.Approved) || recorded(t, s, "policies_approved") != 0 {
		t.Error("an answer to something else was heard")
	}
	if !answer(t, s, "a", "x", store.Approved) {
		t.Error("the answer was not heard")
	}
	if recorded(t, s, "policies_approved") != 1 {
		t.Error("the answer is not on record")
	}
	if got := ask(t, s, "a", "x", "the folder f"); got.Answer != store.Approved || got.AnsweredBy != "admin" || !got.AnsweredAt.Equal(at) {
		t.Errorf("got %+v", got)
	}
	if got := ask(t, s, "a", "y", "the folder f"); got.Answer != "" {
		t.Errorf("the approval of one list lets another one through: %+v", got)
	}
}

func approvalTold(t *testing.T, s *store.Store) {
	for _, with := range []string{store.Approved, store.Rejected} {
		ctx, cancel := context.WithCancel(t.Context())
		told, ended := make(chan struct{}, 1000), make(chan error)
		go func() { ended <- s.WatchPolicies(ctx, slog.New(slog.DiscardHandler), func() { told <- struct{}{} }) }()
		// WatchPolicies reports only the answers that come after it has begun to watch. So answer until it reports one.
		for i := 0; len(told) == 0; i++ {
			revision := fmt.Sprint(with, i)
			ask(t, s, revision, "x", "the folder f")
			answer(t, s, revision, "x", with)
			time.Sleep(100 * time.Millisecond)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func approvalAnsweredOnce(t *testing.T, s *store.Store) {
	ask(t, s, "a", "x", "the folder f")
	var heard atomic.Int64
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			if answer(t, s, "a", "x", []string{store.Approved, store.Rejected}[i%2]) {
				heard.Add(1)
			}
		})
	}
	all.Wait()
	if n := heard.Load(); n != 1 || recorded(t, s, "policies_approved")+recorded(t, s, "policies_rejected") != 1 {
		t.Errorf("%d were heard", n)
	}
}

func approvalRejected(t *testing.T, s *store.Store) {
	ask(t, s, "a", "x", "the folder f")
	answer(t, s, "a", "x", store.Rejected)
	if got := ask(t, s, "a", "y", "the folder f"); got.Answer != store.Rejected {
		t.Errorf("compared with another set: %+v", got)
	}
	if err := s.WithdrawApprovals(t.Context(), "the folder f", "b"); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, s, "a", "x", "the folder f"); got.Answer != "" {
		t.Errorf("after another set: %+v", got)
	}
}

func approvalEnds(t *testing.T, s *store.Store) {
	keep := func(revision string) {
		t.Helper()
		if err := s.KeepPolicySet(t.Context(), store.PolicySet{Revision: revision, Files: []byte{1}, At: at}); err != nil {
			t.Fatal(err)
		}
	}
	ask(t, s, "a", "x", "the folder f")
	ask(t, s, "w", "x", "the folder g")
	ask(t, s, "r", "x", "the folder g")
	answer(t, s, "r", "x", store.Rejected)
	answer(t, s, "a", "x", store.Approved)
	if err := s.WithdrawApprovals(t.Context(), "the folder f", "a"); err != nil {
		t.Fatal(err)
	}
	keep("a")
	if got := ask(t, s, "a", "x", "the folder f"); got.Answer != store.Approved {
		t.Errorf("while it decides: %+v", got)
	}
	keep("b")
	all, err := s.Approvals(t.Context())
	if err != nil || len(all) != 1 || all[0].Revision != "r" {
		t.Errorf("after another set decided: %+v, %v", all, err)
	}
	ask(t, s, "v", "x", "the folder g")
	keep("old") // the set that the others are compared with
	if all, err = s.Approvals(t.Context()); err != nil || len(all) != 2 {
		t.Errorf("what waits to take the place of the one that decides: %+v, %v", all, err)
	}
	if _, err := s.AskApproval(canceled(t), store.Approval{Revision: "c"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
