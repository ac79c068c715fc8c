package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// plane is a control plane for OPAs: it keeps the newest update of each process.
type plane struct {
	mu     sync.Mutex
	newest map[string]toldBundle
	tokens map[string]bool
}

type toldBundle struct {
	ActiveRevision string `json:"active_revision"`
	Code, Message  string
}

func (p *plane) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var u struct {
		Labels  map[string]string
		Bundles map[string]toldBundle
	}
	if r.URL.Path != "/v1/status" || json.NewDecoder(r.Body).Decode(&u) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.newest[u.Labels["id"]], p.tokens[r.Header.Get("Authorization")] = u.Bundles["nidan"], true
}

// all says whether a condition holds for this number of processes.
func (p *plane) all(processes int, holds func(toldBundle) bool) func() bool {
	return func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		n := 0
		for _, b := range p.newest {
			if holds(b) {
				n++
			}
		}
		return n == processes
	}
}

func TestAControlPlaneIsToldWhichPoliciesDecide(t *testing.T) {
	p := &plane{newest: map[string]toldBundle{}, tokens: map[string]bool{}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	dir := changedPolicies(t)
	n := started(t, "NIDAN_POLICIES_DIR="+dir, "NIDAN_STATUS_URL="+server.URL+"/v1", "NIDAN_STATUS_TOKEN=plane-token")
	first := ""
	n.eventually("each process tells of the same set", p.all(max(1, replicas()), func(b toldBundle) bool {
		if first == "" {
			first = b.ActiveRevision
		}
		return b.ActiveRevision == first && first != "" && b.Code == ""
	}))
	if !n.has("/readyz", "revision "+first)() {
		t.Errorf("the control plane was told of %s, and another set decides", first)
	}
	edit(t, filepath.Join(dir, "data.json"), `"max_attempts": 10`, `"max_attempts": 9`)
	second := func(b toldBundle) bool { return b.ActiveRevision != first && b.Code == "" }
	n.eventually("each tells of the next", p.all(max(1, replicas()), second))

	edit(t, filepath.Join(dir, "asked", "asked.rego"), "input.account.has_email", "input.account.has_a_letterbox")
	n.eventually("each tells why one is refused, and what decides meanwhile", p.all(max(1, replicas()), func(b toldBundle) bool {
		return b.Code == "bundle_error" && strings.Contains(b.Message, "input.account.has_a_letterbox") && b.ActiveRevision != first
	}))
	if len(p.tokens) != 1 || !p.tokens["Bearer plane-token"] {
		t.Errorf("got %v", p.tokens)
	}
}

// A sign-in does not wait for a control plane that does not answer.
func TestAControlPlaneThatDoesNotAnswerIsInNobodysWay(t *testing.T) {
	asked, let := make(chan struct{}, 100), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-let
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(let) }) // before the server closes
	started(t, "NIDAN_STATUS_URL="+server.URL)
	<-asked
	newSignIn(t, account(t, nil)).expect("code_sent", 1990001, nil)
}
