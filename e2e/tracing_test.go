package e2e

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collected contains the spans that a collector has received over OTLP.
type collected struct {
	mu    sync.Mutex
	spans []span
}

// span is one span. Its content is kept as text, to be searched.
type span struct{ service, name, trace, id, parent, text string }

// newCollector starts a collector of traces, and returns its address.
func newCollector(t *testing.T) (*collected, string) {
	t.Helper()
	c := &collected{}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return c, server.URL
}

func (c *collected) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	var sent collector.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(raw, &sent) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range sent.ResourceSpans {
		service := ""
		for _, a := range resource.Resource.Attributes {
			if a.Key == "service.name" {
				service = a.Value.GetStringValue()
			}
		}
		for _, scope := range resource.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, span{
					service, s.Name, hex.EncodeToString(s.TraceId), hex.EncodeToString(s.SpanId), hex.EncodeToString(s.ParentSpanId), s.String(),
				})
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// find returns the spans for which fits returns true.
func (c *collected) find(fits func(span) bool) (found []span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if fits(s) {
			found = append(found, s)
		}
	}
	return found
}

func (c *collected) called(name string) []span {
	return c.find(func(s span) bool { return s.service == "nidan" && s.name == name })
}

// tracedKratos starts a Kratos for the test, which sends its traces to this address.
func tracedKratos(t *testing.T, address string) {
	t.Helper()
	t.Setenv("TRACING_PROVIDER", "otel")
	t.Setenv("TRACING_PROVIDERS_OTLP_SERVER_URL", strings.TrimPrefix(address, "http://"))
	t.Setenv("TRACING_PROVIDERS_OTLP_INSECURE", "true")
	t.Setenv("TRACING_PROVIDERS_OTLP_SAMPLING_SAMPLING_RATIO", "1")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "100") // for Kratos and for Nidan: send soon
	startKratos(t)
}

func TestATraceOfKratosGoesOnThroughNidanToTheMail(t *testing.T) {
	traces, address := newCollector(t)
	tracedKratos(t, address)
	n := started(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+address, "NIDAN_LOG_FORMAT=json")
	s := newSignIn(t, account(t, nil))
	s.expect("code_sent", 1990001, nil)
	mailed := n.code(1)
	n.eventually("the mail is in a trace", func() bool { return len(traces.called("nidan.mail.send")) == 1 })
	mail := traces.called("nidan.mail.send")[0]
	for _, name := range []string{"nidan.hook.login", "nidan.store.situation", "nidan.decision", "nidan.store.update"} {
		if found := traces.called(name); len(found) != 1 || found[0].trace != mail.trace {
			t.Errorf("%s is not once in the trace of the mail: %v", name, found)
		}
	}
	hook := traces.called("nidan.hook.login")[0]
	if mail.parent != hook.id {
		t.Errorf("the mail's parent is %s, the hook is %s", mail.parent, hook.id)
	}
	n.eventually("the hook's parent is a span of Kratos', in the same trace", func() bool {
		return len(traces.find(func(s span) bool { return s.service != "nidan" && s.id == hook.parent && s.trace == hook.trace })) == 1
	})
	if !strings.Contains(n.log.String(), `"trace_id":"`+hook.trace+`"`) {
		t.Errorf("the log does not say the trace:\n%s", n.log)
	}

	s.expectIn(code(mailed))
	n.eventually("the second submission is in a trace", func() bool { return len(traces.called("nidan.hook.login")) == 2 })
	for _, own := range traces.find(func(s span) bool { return s.service == "nidan" }) {
		for _, secret := range []string{`"` + mailed + `"`, "@example.com", hookToken, password} {
			if strings.Contains(own.text, secret) {
				t.Errorf("%s holds %s: %s", own.name, secret, own.text)
			}
		}
	}
}

// If the collector is away, people can still sign in.
func TestASignInGoesOnWhereTracesCannotBeSent(t *testing.T) {
	n := started(t, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+freeAddress(), "OTEL_BSP_SCHEDULE_DELAY=50", "OTEL_EXPORTER_OTLP_TIMEOUT=500")
	s := newSignIn(t, account(t, nil))
	s.expect("code_sent", 1990001, nil)
	s.expectIn(code(n.code(1)))
	n.eventually("the log tells", func() bool { return strings.Contains(n.log.String(), "traces could not be sent") })
	n.stop()
	for _, p := range n.processes {
		if status := p.cmd.ProcessState.ExitCode(); status != 0 {
			t.Errorf("it ended with status %d\n%s", status, n.log)
		}
	}
}
