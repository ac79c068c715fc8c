package watch

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"nidan/challenge"
	"nidan/hooks"
	"nidan/logs"
)

// Watch measures sign-ins, and traces them if it has a tracer. It is a [github.com/prometheus/client_golang/prometheus.Collector].
type Watch struct {
	metrics
	tracer trace.Tracer // nil: nothing is traced
}

// New returns a Watch. Named says whether the policies that decide contain a reason or a channel; any other text is measured as "other".
func New(named func(text string) bool, t *Tracing) *Watch {
	w := &Watch{metrics: newMetrics(named)}
	if t != nil {
		w.tracer = t.tracer
	}
	return w
}

// traceContext passes traces on, only as W3C Trace Context. Baggage is left out: a client could fill it.
var traceContext propagation.TraceContext

// Call is a [hooks.Watch]. The returned function ends the measurement.
func (w *Watch) Call(ctx context.Context, hook string, header http.Header) (context.Context, func(hooks.Ended)) {
	began := time.Now()
	if header.Get("Traceparent") != "" {
		ctx = traceContext.Extract(ctx, propagation.HeaderCarrier(header))
	}
	ctx, span := w.begin(ctx, "nidan.hook."+hook, trace.SpanKindServer)
	if of := trace.SpanContextFromContext(ctx); of.HasTraceID() {
		ctx = logs.With(ctx, slog.String("trace_id", of.TraceID().String()))
	}
	return ctx, func(e hooks.Ended) {
		e.Reason, e.Channel = w.reasons.of(e.Reason), w.channels.of(e.Channel)
		w.ended(hook, e, time.Since(began))
		if span == nil {
			return
		}
		span.SetAttributes(
			attribute.String("nidan.action", string(e.Action)), attribute.String("nidan.reason", e.Reason),
			attribute.String("nidan.channel", e.Channel), attribute.String("nidan.state", e.State),
			attribute.String("nidan.account", e.Account), attribute.String("nidan.flow", e.Flow),
		)
		if e.State == unavailable {
			span.SetStatus(codes.Error, e.Reason)
		}
		span.End()
	}
}

// begin begins a span. If nothing is traced, the span is nil, and begin costs nothing.
func (w *Watch) begin(ctx context.Context, name string, kind trace.SpanKind) (context.Context, trace.Span) {
	if w.tracer == nil {
		return ctx, nil
	}
	return w.tracer.Start(ctx, name, trace.WithSpanKind(kind))
}

// end ends a span, if there is one. It does not repeat the error's text, which may contain data that must not leave this machine.
func end(span trace.Span, err error) {
	if span == nil {
		return
	}
	if err != nil {
		span.SetStatus(codes.Error, failed)
	}
	span.End()
}

// Mail is the Watch of a mail.Config. It is called for each try to send a mail. The returned function gets the reason why the try failed, or
// "" if it did not fail. The span belongs to the trace of the sign-in that the code is for.
func (w *Watch) Mail(ctx context.Context, m challenge.Message) (context.Context, func(reason string)) {
	began := time.Now()
	if m.TraceParent != "" {
		ctx = traceContext.Extract(ctx, propagation.MapCarrier{"traceparent": m.TraceParent})
	}
	ctx, span := w.begin(ctx, "nidan.mail.send", trace.SpanKindClient)
	return ctx, func(reason string) {
		w.mail.WithLabelValues(result(reason == "")).Observe(time.Since(began).Seconds())
		if span == nil {
			return
		}
		span.SetAttributes(
			attribute.String("nidan.challenge", m.Challenge), attribute.String("nidan.flow", m.Flow), attribute.String("nidan.account", m.Account),
		)
		if reason != "" {
			span.SetStatus(codes.Error, reason)
		}
		span.End()
	}
}
