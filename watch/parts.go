package watch

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/hooks"
	"nidan/policies"
)

// Store returns a store that measures each use of s, and adds it to the trace.
func (w *Watch) Store(s exchange.Store) exchange.Store { return store{s, w} }

type store struct {
	on    exchange.Store
	watch *Watch
}

// Situation implements [exchange.Store].
func (s store) Situation(ctx context.Context, c exchange.Call) (exchange.Situation, error) {
	began := time.Now()
	ctx, span := s.watch.begin(ctx, "nidan.store.situation", trace.SpanKindInternal)
	found, err := s.on.Situation(ctx, c)
	s.watch.store.WithLabelValues("situation", result(err == nil)).Observe(time.Since(began).Seconds())
	end(span, err)
	return found, err
}

// Update implements [exchange.Store]. A message that is sent in the transaction carries the trace.
func (s store) Update(ctx context.Context, account string, fn func(exchange.Tx) error) error {
	began := time.Now()
	parent := traceParent(ctx)
	ctx, span := s.watch.begin(ctx, "nidan.store.update", trace.SpanKindInternal)
	if span != nil {
		plain := fn
		fn = func(tx exchange.Tx) error { return plain(traced{tx, parent}) }
	}
	err := s.on.Update(ctx, account, fn)
	s.watch.store.WithLabelValues("update", result(err == nil)).Observe(time.Since(began).Seconds())
	end(span, err)
	return err
}

// traceParent returns the span of a context in the format of the header traceparent; empty: none.
func traceParent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	traceContext.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// traced is a transaction within a trace.
type traced struct {
	exchange.Tx
	parent string
}

// Send implements [challenge.Sender].
func (t traced) Send(ctx context.Context, m challenge.Message) error {
	m.TraceParent = t.parent
	return t.Tx.Send(ctx, m)
}

// Decider returns a decider that measures the decisions of d about sign-ins, and adds each decision to the trace.
func (w *Watch) Decider(d hooks.Decider) hooks.Decider { return decider{d, w} }

type decider struct {
	hooks.Decider
	watch *Watch
}

// Login implements [hooks.Decider].
func (d decider) Login(ctx context.Context, in policies.Input) (policies.Verdict, error) {
	began := time.Now()
	ctx, span := d.watch.begin(ctx, "nidan.decision", trace.SpanKindInternal)
	v, err := d.Decider.Login(ctx, in)
	d.watch.decisions.WithLabelValues(result(err == nil)).Observe(time.Since(began).Seconds())
	end(span, err)
	return v, err
}

// Settings implements [hooks.Decider].
func (d decider) Settings(ctx context.Context, in policies.SettingsInput) (policies.SettingsDecision, error) {
	ctx, span := d.watch.begin(ctx, "nidan.decision", trace.SpanKindInternal)
	decision, err := d.Decider.Settings(ctx, in)
	end(span, err)
	return decision, err
}
