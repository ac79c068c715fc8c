package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// An older bundle has a good signature too, but it may ask for less than the bundle that came after it.
func TestAnOlderBundleDoesNotDecide(t *testing.T) {
	private, public := signing(t)
	dir := t.TempDir()
	// build makes a bundle as policies/README.md says.
	build := func(name string, signedAt int, changes ...string) string {
		t.Helper()
		claims, bundle := filepath.Join(dir, "claims.json"), filepath.Join(dir, name+".tar.gz")
		if err := os.WriteFile(claims, fmt.Appendf(nil, `{"iat": %d}`, signedAt), 0o600); err != nil {
			t.Fatal(err)
		}
		c := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../policies/opa/go.mod", "opa", "build", "--bundle",
			"--signing-key", private, "--claims-file", claims, "--output", bundle, changedPolicies(t, changes...))
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return bundle
	}
	lax := build("lax", 1_585_731_660)
	strict := build("strict", 1_585_731_720, `"always_asked_roles": []`, `"always_asked_roles": ["user"]`)
	var served atomic.Value
	served.Store(lax)
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, served.Load().(string)) }))
	defer files.Close()
	n := started(t, "NIDAN_POLICIES_BUNDLE_URL="+files.URL+"/bundle.tar.gz", "NIDAN_POLICIES_BUNDLE_PUBLIC_KEY="+public,
		"NIDAN_POLICIES_BUNDLE_KEEP_DIR="+t.TempDir(), "NIDAN_POLICIES_BUNDLE_MIN_DELAY=1s", "NIDAN_POLICIES_BUNDLE_MAX_DELAY=1s")
	name := account(t, off)
	newSignIn(t, name).expectIn(nil)
	served.Store(strict)
	n.eventually("the strict one decides", n.has("/metrics", "nidan_policies_activations_total 2"))
	newSignIn(t, name).expect("code_sent", 1990001, nil)

	const why = "it is older (signed at 2020-04-01T09:01:00Z) than one that has decided (signed at 2020-04-01T09:02:00Z)"
	t.Run("and it is said why", func(t *testing.T) {
		served.Store(lax)
		n.eventually("the refusal", n.has("/metrics", "\nnidan_policies_refused 1\n"))
		if !n.has("/readyz", why)() || !strings.Contains(n.log.String(), why) {
			t.Error("/readyz or the log does not say why")
		}
		newSignIn(t, name).expect("code_sent", 1990001, nil)
		n.mailed() // so that the newest code is the administrator's
		a := newAPI(t, n, consoleSession(t, n, account(t, administrator)))
		_, _, got := a.call(t, "GET", "/policies", "/policies", "", nil)
		if refused := got["refused"].(map[string]any); !strings.Contains(refused["reason"].(string), why) || refused["current"] != true {
			t.Errorf("the console shows %v", refused)
		}
	})
	t.Run("nor after a start", func(t *testing.T) {
		n.stop()
		n.start()
		n.eventually("the refusal", n.has("/readyz", why))
		newSignIn(t, account(t, off)).expect("code_sent", 1990001, nil)
	})
	t.Run("unless the configuration lets it", func(t *testing.T) {
		n.stop()
		n.env = append(n.env, "NIDAN_POLICIES_BUNDLE_ALLOW_OLDER=true")
		n.start()
		n.eventually("the lax one decides", n.has("/metrics", "nidan_policies_activations_total 2"))
		newSignIn(t, account(t, off)).expectIn(nil)
	})
}
