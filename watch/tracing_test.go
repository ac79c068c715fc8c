package watch

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"nidan/policies"
)

// The ids that Kratos sends if it traces.
const (
	kratosTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	kratosSpan  = "00f067aa0ba902b7"
)

func byKratos(flags string) http.Header {
	return http.Header{"Traceparent": {"00-" + kratosTrace + "-" + kratosSpan + "-" + flags}}
}

// named returns the spans with this name.
func named(spans tracetest.SpanStubs, name string) (found tracetest.SpanStubs) {
	for _, s := range spans {
		if s.Name == name {
			found = append(found, s)
		}
	}
	return found
}

func TestKratosTraceGoesOnThroughTheHookTheDecisionTheStoreAndTheMail(t *testing.T) {
	s := newScene(t, policies.Shipped(), true)
	s.post(true, "", byKratos("01"))
	_, told := s.watch.Mail(t.Context(), s.mail()) // another process may send the mail later
	told("")
	spans := s.spans.GetSpans()
	hook := named(spans, "nidan.hook.login")
	if len(hook) != 1 || hook[0].Parent.SpanID().String() != kratosSpan || !hook[0].Parent.IsRemote() {
		t.Fatalf("the hook's spans are %v", hook)
	}
	for _, name := range []string{"nidan.store.situation", "nidan.decision", "nidan.store.update", "nidan.mail.send"} {
		part := named(spans, name)
		if len(part) != 1 || part[0].Parent.SpanID() != hook[0].SpanContext.SpanID() {
			t.Errorf("%s is not once a part of the hook: %v", name, part)
		}
	}
	for _, span := range spans {
		if span.SpanContext.TraceID().String() != kratosTrace {
			t.Errorf("%s is of another trace", span.Name)
		}
	}
}

func TestTheHooksSpanSaysWhatWasDecided(t *testing.T) {
	s := newScene(t, policies.Shipped(), true)
	s.post(true, "", byKratos("01"))
	got := map[string]string{}
	for _, a := range named(s.spans.GetSpans(), "nidan.hook.login")[0].Attributes {
		got[string(a.Key)] = a.Value.AsString()
	}
	for key, want := range map[string]string{"nidan.action": "challenge", "nidan.reason": "code_required", "nidan.channel": "softphone",
		"nidan.state": "code_sent", "nidan.account": "agent-id", "nidan.flow": "flow-1"} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
}

func TestASignInThatFailsIsAnErrorInItsTrace(t *testing.T) {
	s := newScene(t, policies.Shipped(), true)
	s.hook.Store = s.watch.Store(full{})
	s.post(false, "", byKratos("01"))
	spans := s.spans.GetSpans()
	for name, says := range map[string]string{"nidan.hook.login": "not_recorded", "nidan.store.situation": "failed"} {
		if part := named(spans, name); len(part) != 1 || part[0].Status.Code != codes.Error || part[0].Status.Description != says {
			t.Errorf("%s: %v", name, part)
		}
	}
}

func TestAMailThatFailsSaysWhyInItsTrace(t *testing.T) {
	s := newScene(t, policies.Shipped(), true)
	s.post(true, "", byKratos("01"))
	_, told := s.watch.Mail(t.Context(), s.mail())
	told("smtp_550")
	if part := named(s.spans.GetSpans(), "nidan.mail.send"); part[0].Status.Code != codes.Error || part[0].Status.Description != "smtp_550" {
		t.Errorf("got %v", part[0].Status)
	}
}

func TestWhatKratosDoesNotTraceIsATraceOfItsOwn(t *testing.T) {
	s := newScene(t, policies.Shipped(), true)
	s.post(false, "", nil)
	hook := named(s.spans.GetSpans(), "nidan.hook.login")
	if len(hook) != 1 || hook[0].Parent.IsValid() {
		t.Errorf("got %v", hook)
	}
}

func TestATraceThatKratosDoesNotKeepIsNotKept(t *testing.T) {
	s := newScene(t, policies.Shipped(), true)
	s.post(true, "", byKratos("00"))
	_, told := s.watch.Mail(t.Context(), s.mail())
	told("")
	if spans := s.spans.GetSpans(); len(spans) != 0 {
		t.Errorf("got %v", spans)
	}
}

func TestWhoHasNotTheTokenBeginsNoTrace(t *testing.T) {
	s := newScene(t, policies.Shipped(), true)
	header := byKratos("01")
	header["Authorization"] = []string{"Bearer another"}
	s.post(true, "", header)
	if spans := s.spans.GetSpans(); len(spans) != 0 {
		t.Errorf("got %v", spans)
	}
}

// Traces are kept by other systems, and more people can read them than the mail.
func TestNoSpanHoldsACodeATokenASecretOrAnAddress(t *testing.T) {
	s := newScene(t, policies.Shipped(), true)
	s.post(true, "", byKratos("01"))
	m := s.mail()
	s.post(true, "000000", byKratos("01"))
	s.post(true, s.code(m), byKratos("01"))
	_, told := s.watch.Mail(t.Context(), m)
	told("smtp_550")
	s.hook.Store = s.watch.Store(full{})
	s.post(true, "000000", byKratos("01"))
	spans := s.spans.GetSpans()
	for _, span := range spans {
		said := fmt.Sprint(span.Name, span.Status, span.Events)
		for _, a := range span.Attributes {
			said += fmt.Sprint(a.Key, "=", a.Value.AsInterface(), " ")
		}
		for _, secret := range []string{s.code(m), "000000", token, "@", "disk is full"} {
			if strings.Contains(said, secret) {
				t.Errorf("%s holds %q: %s", span.Name, secret, said)
			}
		}
	}
	if len(spans) < 12 {
		t.Errorf("%d spans, so little was searched", len(spans))
	}
}

func TestAReasonThatAPolicyMakesUpIsOtherInTheTrace(t *testing.T) {
	s := newScene(t, inventive(t), true)
	s.post(false, "", nil)
	for _, a := range named(s.spans.GetSpans(), "nidan.hook.login")[0].Attributes {
		if said := a.Value.AsString(); strings.HasPrefix(said, "let ") || strings.HasPrefix(said, "by-") {
			t.Errorf("%s is %q", a.Key, said)
		}
	}
}

func TestNothingIsTracedUnlessItIsSwitchedOn(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"nothing is said":    {},
		"the SDK is off":     {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"},
		"there is no export": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"},
	} {
		t.Run(name, func(t *testing.T) {
			tracing, err := StartTracing(t.Context(), func(v string) string { return env[v] }, "", slog.New(slog.DiscardHandler))
			if err != nil || tracing != nil {
				t.Errorf("got %v, %v", tracing, err)
			}
		})
	}
	s := newScene(t, policies.Shipped(), false)
	s.post(true, "", byKratos("01"))
	if m := s.mail(); m.TraceParent != "" {
		t.Errorf("the mail carries %s", m.TraceParent)
	}
}

func TestWhatCannotBeSentToIsSaidAtTheStart(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for says, env := range map[string]map[string]string{
		"http/protobuf": {endpoint: "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
		"write otlp":    {endpoint: "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "zipkin"},
	} {
		_, err := StartTracing(t.Context(), func(v string) string { return env[v] }, "", slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: got %v", env, err)
		}
	}
}

// An operator finds the trace from a line of the log, and the line from the trace, also if Nidan itself sends no traces.
func TestEachLineOfACallSaysItsTrace(t *testing.T) {
	for _, traced := range []bool{true, false} {
		s := newScene(t, policies.Shipped(), traced)
		s.post(false, "", byKratos("01"))
		if !strings.Contains(s.log.String(), `"trace_id":"`+kratosTrace+`"`) {
			t.Errorf("traced: %v: the log does not contain the trace's id: %s", traced, &s.log)
		}
	}
}

func TestThatTracesCannotBeSentIsLoggedOnceAMinute(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(1_775_000_000, 0)
	h := &seldom{log: slog.New(slog.NewTextHandler(&out, nil)), now: func() time.Time { return now }}
	for range 5 {
		h.Handle(errors.New("connection refused"))
		now = now.Add(13 * time.Second)
	}
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("%d lines in 52 seconds", n)
	}
	h.Handle(errors.New("connection refused"))
	if n := strings.Count(out.String(), "\n"); n != 2 {
		t.Errorf("%d lines in 65 seconds", n)
	}
}
