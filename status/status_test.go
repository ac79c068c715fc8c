package status

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	opa "github.com/open-policy-agent/opa/v1/plugins/status"
)

// plane is a control plane that decodes updates with OPA's own types.
type plane struct {
	t       *testing.T
	mu      sync.Mutex
	status  int // the status that it answers with; 0: 200
	calls   int
	updates []opa.UpdateRequestV1
	header  http.Header
}

func (p *plane) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.status != 0 {
		http.Redirect(w, r, "/elsewhere", p.status)
		return
	}
	if r.Method != http.MethodPost || r.URL.Path != "/v1/status" {
		p.t.Errorf("%s %s", r.Method, r.URL)
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	var u opa.UpdateRequestV1
	if err := dec.Decode(&u); err != nil {
		p.t.Error(err)
	}
	p.updates, p.header = append(p.updates, u), r.Header
}

func (p *plane) answer(status int) { p.mu.Lock(); defer p.mu.Unlock(); p.status = status }
func (p *plane) called() int       { p.mu.Lock(); defer p.mu.Unlock(); return p.calls }
func (p *plane) told() int         { p.mu.Lock(); defer p.mu.Unlock(); return len(p.updates) }
func (p *plane) authorization() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.header.Get("Authorization")
}

func (p *plane) last() opa.UpdateRequestV1 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.updates) == 0 {
		return opa.UpdateRequestV1{}
	}
	return p.updates[len(p.updates)-1]
}

func (p *plane) revision() string {
	if b := p.last().Bundles["nidan"]; b != nil {
		return b.ActiveRevision
	}
	return ""
}

// present is the present status, which a test can change.
type present struct {
	mu sync.Mutex
	b  Bundle
}

func (p *present) change(f func(*Bundle)) { p.mu.Lock(); defer p.mu.Unlock(); f(&p.b) }
func (p *present) update() Update {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Update{
		Labels: map[string]string{"app": "nidan", "id": "one"}, Bundles: map[string]Bundle{"nidan": p.b},
		Plugins: map[string]Plugin{"bundle": {State: OK}},
	}
}

var at = time.Date(2026, 4, 1, 9, 0, 0, 1000, time.UTC)

// telling returns a running reporter and the control plane that it sends to. If nothing changes, it sends again only after the interval.
func telling(t *testing.T, interval time.Duration) (*Reporter, *plane, *present, *syncBuffer) {
	t.Helper()
	p, is := &plane{t: t}, &present{b: Bundle{Name: "nidan", ActiveRevision: "first", Type: Snapshot, LastSuccessfulActivation: at}}
	server := httptest.NewServer(p)
	log := &syncBuffer{}
	r := New(Config{URL: server.URL + "/v1/", Token: "the-token", Interval: interval, Look: time.Millisecond}, is.update,
		slog.New(slog.NewTextHandler(log, nil)))
	ended := make(chan error, 1)
	ctx := t.Context() // this context ends before the cleanups run
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return r, p, is, log
}

type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string { b.mu.Lock(); defer b.mu.Unlock(); return b.text.String() }

func until(t *testing.T, what string, come func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !come(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it did not come: %s", what)
		}
	}
}

func TestAnUpdateIsOneOfOPA(t *testing.T) {
	_, p, is, _ := telling(t, time.Hour)
	until(t, "the first update", func() bool { return p.told() == 1 })
	u := p.last()
	b := u.Bundles["nidan"]
	if u.Labels["id"] != "one" || b == nil || b.Name != "nidan" || b.ActiveRevision != "first" || b.Type != "snapshot" ||
		!b.LastSuccessfulActivation.Equal(at) || !b.LastRequest.IsZero() || b.Code != "" || u.Plugins["bundle"].State != "OK" {
		t.Errorf("got %+v, %+v", u, b)
	}
	if p.authorization() != "Bearer the-token" || p.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %v", p.header)
	}
	is.change(func(b *Bundle) { b.Code, b.Message = Failed, "login/login.rego:1: it is wrong" })
	until(t, "why the next set was refused", func() bool { return p.told() == 2 })
	if b := p.last().Bundles["nidan"]; b.Code != "bundle_error" || b.Message != "login/login.rego:1: it is wrong" || b.ActiveRevision != "first" {
		t.Errorf("got %+v", b)
	}
}

func TestWhatChangesIsToldAtOnceAndWhatDoesNotAtIntervals(t *testing.T) {
	_, p, is, _ := telling(t, time.Hour)
	until(t, "the first update", func() bool { return p.told() == 1 })
	is.change(func(b *Bundle) { b.LastRequest, b.LastSuccessfulRequest = at, at }) // happens about every minute, and is not sent at once
	is.change(func(b *Bundle) { b.ActiveRevision = "second" })
	until(t, "the change", func() bool { return p.revision() == "second" })
	if n := p.told(); n != 2 {
		t.Errorf("%d updates, want 2", n)
	}

	_, p, _, _ = telling(t, 5*time.Millisecond)
	until(t, "an update without a change", func() bool { return p.told() >= 3 })
}

func TestThatABundleWasAskedForIsNoNews(t *testing.T) {
	is := &present{b: Bundle{ActiveRevision: "first"}}
	before := is.update()
	is.change(func(b *Bundle) { b.LastRequest, b.LastSuccessfulRequest, b.LastSuccessfulDownload = at, at, at })
	if is.update().news(before) {
		t.Error("that a bundle was asked for is sent at once")
	}
	is.change(func(b *Bundle) { b.LastSuccessfulActivation = at })
	if !is.update().news(before) {
		t.Error("that a set was activated is not sent at once")
	}
	if is.update().Bundles["nidan"].LastRequest.IsZero() {
		t.Error("the time of the last request is forgotten")
	}
}

func TestAControlPlaneThatIsAwayIsToldTheNewestLater(t *testing.T) {
	_, p, is, log := telling(t, 5*time.Millisecond)
	until(t, "the first update", func() bool { return p.told() > 0 })
	p.answer(http.StatusServiceUnavailable)
	from := p.called()
	is.change(func(b *Bundle) { b.ActiveRevision = "second" })
	until(t, "some tries", func() bool { return p.called() >= from+3 })
	is.change(func(b *Bundle) { b.ActiveRevision = "third" })
	from = p.called()
	until(t, "a try that began after that", func() bool { return p.called() >= from+2 })
	p.answer(0)
	until(t, "the newest", func() bool { return p.revision() == "third" })
	until(t, "that it is on record", func() bool { return strings.Contains(log.String(), "it can be told again") })
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, u := range p.updates {
		if u.Bundles["nidan"].ActiveRevision == "second" {
			t.Error("a revision is sent that does not decide any more")
		}
	}
	text := log.String()
	if strings.Count(text, "it cannot be told which policies decide") != 1 || strings.Contains(text, "the-token") ||
		!strings.Contains(text, "status 503") {
		t.Errorf("the log:\n%s", text)
	}
}

// A redirect would send the token to a server that is not configured.
func TestARedirectIsNotFollowed(t *testing.T) {
	_, p, _, log := telling(t, 5*time.Millisecond)
	p.answer(http.StatusTemporaryRedirect)
	until(t, "a redirect", func() bool { return strings.Contains(log.String(), "status 307") })
}

func TestATokenIsReplacedWhileItRuns(t *testing.T) {
	r, p, _, _ := telling(t, 5*time.Millisecond)
	until(t, "the first update", func() bool { return p.told() > 0 })
	r.SetToken("another")
	until(t, "the other token", func() bool { return p.authorization() == "Bearer another" })
	r.SetToken("")
	until(t, "no token", func() bool { return p.authorization() == "" })
}
