package decisionlog

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/plugins/logs"
)

// collector receives decisions like the collectors of security teams: it decodes them with OPA's own types.
type collector struct {
	t       *testing.T
	mu      sync.Mutex
	status  int
	calls   int
	events  []logs.EventV1
	batches []int // bytes, compressed
	headers []http.Header
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	if c.status != 0 {
		http.Redirect(w, r, "/elsewhere", c.status)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender gave up
	}
	plain, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		c.t.Error(err)
		return
	}
	dec := json.NewDecoder(plain)
	dec.DisallowUnknownFields()
	var events []logs.EventV1
	if err := dec.Decode(&events); err != nil {
		c.t.Error(err)
	}
	if r.URL.Path != "/v1/logs" || r.Method != http.MethodPost {
		c.t.Errorf("%s %s", r.Method, r.URL)
	}
	c.events, c.batches, c.headers = append(c.events, events...), append(c.batches, len(body)), append(c.headers, r.Header)
}

func (c *collector) answer(status int) { c.mu.Lock(); defer c.mu.Unlock(); c.status = status }
func (c *collector) called() int       { c.mu.Lock(); defer c.mu.Unlock(); return c.calls }
func (c *collector) names() (names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.events {
		names = append(names, e.DecisionID)
	}
	return names
}

// collecting returns a log that sends to a collector until the test ends or the returned function is called.
func collecting(t *testing.T) (*Log, *collector, func()) {
	t.Helper()
	c := &collector{t: t}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	l := New(Config{
		URL: server.URL + "/v1/", Token: "log-token", Labels: map[string]string{"id": "one", "app": "nidan"},
		MinDelay: time.Millisecond, MaxDelay: 5 * time.Millisecond,
	}, slog.New(slog.DiscardHandler))
	return l, c, running(t, l)
}

func running(t *testing.T, l *Log) func() {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func until(t *testing.T, what string, come func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); !come(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it did not come: %s", what)
		}
	}
}

func entry(i int) Entry {
	return Entry{
		ID: fmt.Sprint(i), Path: "nidan/login/decision", Revision: "abc", Input: json.RawMessage(`{"account": {"role": "user"}}`),
		Result: json.RawMessage(`{"action": "allow"}`), Erased: []string{"/input/request/ip"}, Masked: []string{"/input/account/email"},
		At: time.Date(2026, 4, 1, 18, 0, 0, 1000, time.FixedZone("", 9*3600)), Took: 1500 * time.Nanosecond,
	}
}

func TestADecisionIsAnEventOfOPA(t *testing.T) {
	l, c, _ := collecting(t)
	l.Add(entry(1))
	until(t, "the event", func() bool { return len(c.names()) == 1 })
	e := c.events[0]
	input, result := (*e.Input).(map[string]any), (*e.Result).(map[string]any)
	if e.Labels["id"] != "one" || e.DecisionID != "1" || e.Bundles["nidan"].Revision != "abc" || e.Path != "nidan/login/decision" ||
		input["account"].(map[string]any)["role"] != "user" || result["action"] != "allow" ||
		strings.Join(e.Erased, "") != "/input/request/ip" || strings.Join(e.Masked, "") != "/input/account/email" ||
		e.Timestamp.Format(time.RFC3339Nano) != "2026-04-01T09:00:00.000001Z" || e.Metrics["timer_rego_query_eval_ns"] != float64(1500) {
		t.Errorf("got %+v", e)
	}
	if h := c.headers[0]; h.Get("Authorization") != "Bearer log-token" || h.Get("Content-Encoding") != "gzip" || h.Get("Content-Type") != "application/json" {
		t.Errorf("got %v", h)
	}
}

func TestWhatCouldNotBeDecidedIsSentWithoutAResult(t *testing.T) {
	l, c, _ := collecting(t)
	e := entry(1)
	e.Result = nil
	l.Add(e)
	until(t, "the event", func() bool { return len(c.names()) == 1 })
	if c.events[0].Result != nil {
		t.Errorf("got %v", *c.events[0].Result)
	}
}

// incompressible returns a large decision. It has hexadecimal digits, which gzip shortens to half at best.
func incompressible(i, bytes int) Entry {
	e := entry(i)
	chance := rand.New(rand.NewPCG(uint64(i), 0))
	text := make([]byte, bytes)
	for j := range text {
		text[j] = "0123456789abcdef"[chance.IntN(16)]
	}
	e.Input = fmt.Appendf(nil, "%q", text)
	return e
}

func TestManyDecisionsAreSentInBatchesAndInOrder(t *testing.T) {
	l, c, _ := collecting(t)
	c.answer(http.StatusServiceUnavailable)
	var want []string
	for i := range 100 {
		l.Add(incompressible(i, 10_000))
		want = append(want, fmt.Sprint(i))
	}
	c.answer(0)
	until(t, "the events", func() bool { return len(c.names()) == 100 })
	if strings.Join(c.names(), " ") != strings.Join(want, " ") || slices.Max(c.batches) > uploadBytes || len(c.batches) > 50 {
		t.Errorf("%d batches of up to %d bytes: %v", len(c.batches), slices.Max(c.batches), c.names())
	}
	until(t, "the count", func() bool { return l.Stats().Sent == 100 })
	if s := l.Stats(); s.Dropped != 0 || s.Waiting != 0 {
		t.Errorf("got %+v", s)
	}
}

func TestADecisionThatIsTooLargeIsDropped(t *testing.T) {
	l, c, _ := collecting(t)
	l.Add(incompressible(1, batchBytes))
	l.Add(incompressible(2, 3*uploadBytes))
	l.Add(entry(3))
	until(t, "the other event", func() bool { return len(c.names()) == 1 })
	if s := l.Stats(); s.Dropped != 2 || c.names()[0] != "3" {
		t.Errorf("got %+v, %v", s, c.names())
	}
}

func TestALargeDecisionThatCompressesWellIsSent(t *testing.T) {
	l, c, _ := collecting(t)
	e := entry(1)
	e.Input = fmt.Appendf(nil, "%q", strings.Repeat("a", 2*batchBytes))
	l.Add(e)
	until(t, "the event", func() bool { return len(c.names()) == 1 })
	if c.batches[0] > uploadBytes {
		t.Errorf("got %d bytes", c.batches[0])
	}
}

func TestAnEndpointThatIsAwayLosesNothing(t *testing.T) {
	for name, status := range map[string]int{
		"down": http.StatusServiceUnavailable, "with another token": http.StatusUnauthorized, "at another path": http.StatusNotFound,
		"elsewhere": http.StatusTemporaryRedirect, "overrun": http.StatusTooManyRequests,
	} {
		t.Run(name, func(t *testing.T) {
			l, c, _ := collecting(t)
			c.answer(status)
			l.Add(entry(1))
			until(t, "two tries", func() bool { return c.called() >= 2 })
			l.Add(entry(2))
			c.answer(0)
			until(t, "the events", func() bool { return len(c.names()) == 2 })
			if s := l.Stats(); strings.Join(c.names(), " ") != "1 2" || s.Dropped != 0 || s.Failures < 2 {
				t.Errorf("got %v, %+v", c.names(), s)
			}
		})
	}
}

func TestABatchThatIsNeverTakenDoesNotKeepOthersBack(t *testing.T) {
	l, c, _ := collecting(t)
	c.answer(http.StatusBadRequest)
	l.Add(entry(1))
	until(t, "the drop", func() bool { return l.Stats().Dropped == 1 })
	c.answer(0)
	l.Add(entry(2))
	until(t, "the next event", func() bool { return len(c.names()) == 1 })
}

// The test needs no time limit of its own: if Add waited for the endpoint, the test would not end.
func TestNobodyWaitsForTheLog(t *testing.T) {
	hangs, release := make(chan struct{}, 1), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hangs <- struct{}{}; <-release }))
	defer server.Close()
	defer close(release)
	l := New(Config{URL: server.URL, MinDelay: time.Millisecond, MaxDelay: time.Millisecond}, slog.New(slog.DiscardHandler))
	running(t, l)
	l.Add(entry(0))
	<-hangs
	for i := range mostWaiting + 3 {
		l.Add(entry(i))
	}
	if s := l.Stats(); s.Dropped != 3 || s.Waiting != mostWaiting+1 { // the decision in the upload that hangs counts as waiting
		t.Errorf("got %+v", s)
	}
}

func TestWhatWaitsIsSentAtTheEnd(t *testing.T) {
	c := &collector{t: t}
	server := httptest.NewServer(c)
	defer server.Close()
	l := New(Config{URL: server.URL + "/v1", MinDelay: time.Hour, MaxDelay: time.Hour}, slog.New(slog.DiscardHandler))
	stop := running(t, l)
	l.Add(entry(1))
	stop()
	if len(c.names()) != 1 {
		t.Errorf("got %v", c.names())
	}
}

func TestWhatCannotBeSentAtTheEndIsCounted(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	l := New(Config{URL: server.URL, MinDelay: time.Hour, MaxDelay: time.Hour}, slog.New(slog.DiscardHandler))
	l.Add(entry(1))
	if l.sendAll(t.Context()) || l.Stats() != (Stats{Waiting: 1, Failures: 1}) {
		t.Errorf("before the end: got %+v", l.Stats())
	}
	l.Add(entry(2))
	running(t, l)()
	if l.Stats() != (Stats{Dropped: 2, Failures: 2}) {
		t.Errorf("after the end: got %+v", l.Stats())
	}
}

func TestAnotherTokenIsShownFromThenOn(t *testing.T) {
	l, c, _ := collecting(t)
	for i, token := range []string{"another-token", ""} {
		l.SetToken(token)
		l.Add(entry(i))
		until(t, "the event", func() bool { return len(c.names()) == i+1 })
	}
	if first, second := c.headers[0].Get("Authorization"), c.headers[1].Get("Authorization"); first != "Bearer another-token" || second != "" {
		t.Errorf("got %q, then %q", first, second)
	}
}

func TestTheTokenIsNotLogged(t *testing.T) {
	var log bytes.Buffer
	l := New(Config{URL: "http://127.0.0.1:1/secret-path?", Token: "log-token"}, slog.New(slog.NewTextHandler(&log, nil)))
	l.Add(entry(1))
	if l.sendAll(t.Context()) || !strings.Contains(log.String(), "could not be sent") {
		t.Errorf("got %s", &log)
	}
	if strings.Contains(log.String(), "log-token") || strings.Contains(log.String(), "secret-path") {
		t.Errorf("got %s", &log)
	}
}
