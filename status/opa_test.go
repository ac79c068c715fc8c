package status

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/open-policy-agent/opa/v1/bundle"
)

// sentByOPA returns the first update in which a real OPA, the opa command, reports a bundle that it has activated.
func sentByOPA(t *testing.T) map[string]any {
	t.Helper()
	updates := make(chan map[string]any, 100)
	b := bundle.Bundle{
		Manifest: bundle.Manifest{Revision: "first"}, Data: map[string]any{},
		Modules: []bundle.ModuleFile{{Path: "/a.rego", URL: "/a.rego", Raw: []byte("package a")}},
	}
	b.Manifest.Init()
	var archive bytes.Buffer
	if err := bundle.NewWriter(&archive).Write(b); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/bundles/") {
			_, _ = w.Write(archive.Bytes())
			return
		}
		raw, err := io.ReadAll(r.Body)
		var u map[string]any
		if err != nil || json.Unmarshal(raw, &u) != nil || r.Method+" "+r.URL.Path != "POST /status/" && r.Method+" "+r.URL.Path != "POST /status" {
			t.Errorf("%s %s: %v: %s", r.Method, r.URL, err, raw)
		}
		updates <- u
	}))
	t.Cleanup(server.Close)
	modfile, err := filepath.Abs("../policies/opa/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c := exec.Command("go", "tool", "-modfile="+modfile, "opa", "run", "--server", "--addr", "127.0.0.1:0", "--disable-telemetry",
		"--set", "services.plane.url="+server.URL, "--set", "bundles.nidan.service=plane", "--set", "bundles.nidan.resource=bundles/nidan.tar.gz",
		"--set", "status.service=plane")
	c.Stdout, c.Stderr = &out, &out
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that the processes that go tool starts end with it
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = c.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		<-ended
	})
	for {
		select {
		case u := <-updates:
			if bundles, _ := u["bundles"].(map[string]any); bundles != nil {
				if b, _ := bundles["nidan"].(map[string]any); b != nil && b["active_revision"] == "first" {
					return u
				}
			}
		case <-ended:
			t.Fatalf("opa has ended:\n%s", &out)
		case <-t.Context().Done():
			t.Fatal("the test ends")
		}
	}
}

// differs names the members of ours that theirs does not have, or has with another type.
func differs(path string, ours, theirs any) (found []string) {
	a, isObject := ours.(map[string]any)
	b, both := theirs.(map[string]any)
	if isObject != both || fmt.Sprintf("%T", ours) != fmt.Sprintf("%T", theirs) {
		return []string{fmt.Sprintf("%s is %T, and OPA's %T", path, ours, theirs)}
	}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		found = append(found, differs(path+"/"+name, a[name], b[name])...)
	}
	return found
}

func TestAnUpdateHasNothingThatARealOPADoesNotSend(t *testing.T) {
	raw, err := json.Marshal(Update{
		Labels: map[string]string{"id": "one", "version": "1"},
		Bundles: map[string]Bundle{"nidan": {
			Name: "nidan", ActiveRevision: "first", Type: Snapshot, LastSuccessfulActivation: at, LastSuccessfulDownload: at,
			LastSuccessfulRequest: at, LastRequest: at,
		}},
		Plugins: map[string]Plugin{"bundle": {OK}, "status": {OK}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var ours map[string]any
	if err := json.Unmarshal(raw, &ours); err != nil {
		t.Fatal(err)
	}
	theirs := sentByOPA(t)
	for _, d := range differs("", ours, theirs) {
		t.Error(d)
	}
	bundles := theirs["bundles"].(map[string]any)["nidan"].(map[string]any)
	if bundles["type"] != Snapshot {
		t.Errorf("OPA calls it %v", bundles["type"])
	}
	states := theirs["plugins"].(map[string]any)
	if state := states["bundle"].(map[string]any)["state"]; state != OK && state != NotReady {
		t.Errorf("OPA calls its state %v", state)
	}
}
