package e2e

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"
)

// each calls do for each process in turn. Meanwhile, n.hooks is the address of this process.
func (n *nidan) each(do func(p *process)) {
	all := n.hooks
	defer func() { n.hooks = all }()
	for _, p := range n.processes {
		n.hooks = "http://" + p.hooks
		do(p)
	}
}

func TestSettingsCountEverywhereAtOnce(t *testing.T) {
	n := startedOn(t, sharedBy(3))
	f := begin(n, 0)
	for name, want := range map[string]string{"nobody": letIn, "two_factor": letIn, "softphone": "code_sent"} {
		switch name {
		case "softphone":
			n.set("two_factor", "softphone")
		case "two_factor":
			n.set("two_factor")
		default:
			n.set()
		}
		n.each(func(p *process) {
			who := "settings-" + name + p.hooks[len("127.0.0.1:"):]
			if got := f.submit(who, "flow of "+who, "", true); got != want {
				t.Errorf("with %s switched on, %s says %s, want %s", name, p.hooks, got, want)
			}
		})
	}
}

// One Nidan asks for new policies every second, the other one every hour. The first one tells the second one what it has found.
func TestNewPoliciesCountEverywhereWithinASecond(t *testing.T) {
	bundle := filepath.Join(t.TempDir(), "bundle.tar.gz")
	private, public := signing(t)
	buildBundle(t, bundle, private)
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, bundle) }))
	defer files.Close()
	n := newNidanOn(t, sharedBy(2), "NIDAN_POLICIES_BUNDLE_URL="+files.URL+"/bundle.tar.gz", "NIDAN_POLICIES_BUNDLE_PUBLIC_KEY="+public)
	n.processes[0].env = []string{"NIDAN_POLICIES_BUNDLE_MIN_DELAY=1s", "NIDAN_POLICIES_BUNDLE_MAX_DELAY=1s"}
	n.processes[1].env = []string{"NIDAN_POLICIES_BUNDLE_MIN_DELAY=1h", "NIDAN_POLICIES_BUNDLE_MAX_DELAY=1h"}
	n.openMailbox()
	n.start()
	n.eventually("the policies decide", n.has("/metrics", "nidan_policies_activations_total 1"))
	buildBundle(t, bundle, private, `"always_asked_roles": []`, `"always_asked_roles": ["user"]`)
	only := func(p *process) *nidan { return &nidan{t: t, processes: []*process{p}, log: n.log} }
	first, second := only(n.processes[0]), only(n.processes[1])
	first.eventually("the first one has found it", first.has("/metrics", "nidan_policies_activations_total 2"))
	since := time.Now()
	second.eventually("the second one has it", second.has("/metrics", "nidan_policies_activations_total 2"))
	t.Logf("the second one had it %v after the first", time.Since(since).Round(time.Millisecond))
	for range n.processes {
		newSignIn(t, account(t, off)).expect("code_sent", 1990001, nil)
	}
}
