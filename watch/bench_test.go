package watch

import (
	"context"
	"net/http"
	"testing"

	"nidan/exchange"
	"nidan/hooks"
	"nidan/policies"
)

// still is a store and a decider that do nothing, so that only the watching is measured.
type still struct {
	exchange.Store
	hooks.Decider
}

func (still) Situation(context.Context, exchange.Call) (exchange.Situation, error) {
	return exchange.Situation{}, nil
}

func (still) Update(_ context.Context, _ string, fn func(exchange.Tx) error) error { return fn(nil) }

func (still) Login(context.Context, policies.Input) (policies.Verdict, error) {
	return policies.Verdict{}, nil
}

// watched returns a sign-in that consists only of the watching.
func watched(ctx context.Context, w *Watch) func() {
	store, decider, header := w.Store(still{}), w.Decider(still{}), http.Header{}
	work := func(exchange.Tx) error { return nil }
	return func() {
		ctx, tell := w.Call(ctx, hooks.HookLogin, header)
		_, _ = store.Situation(ctx, exchange.Call{})
		_, _ = decider.Login(ctx, policies.Input{})
		_ = store.Update(ctx, "agent-id", work)
		tell(hooks.Ended{Account: "agent-id", Action: policies.ActionAllow, Reason: "account_off", Channel: "softphone", State: "allowed"})
	}
}

// For comparison: a whole sign-in makes about 380 allocations.
func TestWithoutTracesWatchingAllocatesNextToNothing(t *testing.T) {
	if got := testing.AllocsPerRun(200, watched(t.Context(), New(func(string) bool { return true }, nil))); got > 5 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkWatching(b *testing.B) {
	sign := watched(b.Context(), New(func(string) bool { return true }, nil))
	b.ReportAllocs()
	for b.Loop() {
		sign()
	}
}
