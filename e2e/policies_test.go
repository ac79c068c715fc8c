package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// has says whether each process answers with a text, at the listener that Kratos calls.
func (n *nidan) has(path, text string) func() bool {
	return func() bool {
		return !slices.ContainsFunc(n.processes, func(p *process) bool { return !p.has(path, text) })
	}
}

// oneHas says whether at least one process does.
func (n *nidan) oneHas(path, text string) func() bool {
	return func() bool {
		return slices.ContainsFunc(n.processes, func(p *process) bool { return p.has(path, text) })
	}
}

func (p *process) has(path, text string) bool {
	answer, err := http.Get("http://" + p.hooks + path)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return err == nil && strings.Contains(string(body), text)
}

// edit replaces a text in a file.
func edit(t *testing.T, path, from, to string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(from)) {
		t.Fatalf("%s does not hold %s", path, from)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte(from), []byte(to), 1), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPoliciesAreChangedWhilePeopleSignIn(t *testing.T) {
	dir := changedPolicies(t)
	n := started(t, "NIDAN_POLICIES_DIR="+dir)
	login := filepath.Join(dir, "asked", "asked.rego")
	name := account(t, off)
	newSignIn(t, name).expectIn(nil)

	t.Run("a good change counts for the next sign-in", func(t *testing.T) {
		edit(t, filepath.Join(dir, "data.json"), `"always_asked_roles": []`, `"always_asked_roles": ["user"]`)
		n.eventually("the change decides", n.has("/metrics", "nidan_policies_activations_total 2"))
		newSignIn(t, name).expect("code_sent", 1990001, nil)
	})
	t.Run("and is on record", func(t *testing.T) {
		var sets int
		err := n.database().QueryRowContext(t.Context(), `SELECT count(*) FROM records WHERE kind = 'policies_activated' AND revision <> ''`).Scan(&sets)
		if err != nil || sets != 2*len(n.processes) {
			t.Errorf("%d sets are on record, %v", sets, err)
		}
	})
	t.Run("a bad one changes nothing, and it is said why", func(t *testing.T) {
		edit(t, login, "input.account.has_email", "input.account.has_a_letterbox")
		n.eventually("the refusal", n.has("/metrics", "\nnidan_policies_refused 1\n"))
		newSignIn(t, name).expect("code_sent", 1990001, nil)
		if !n.has("/readyz", "asked/asked.rego:68: rego_type_error: undefined ref: input.account.has_a_letterbox")() || !n.has("/readyz", "ready\n")() {
			t.Error("/readyz does not say why")
		}
		if !strings.Contains(n.log.String(), "policies refused") {
			t.Error("the log does not say why")
		}
		edit(t, login, "input.account.has_a_letterbox", "input.account.has_email")
		n.eventually("the refusal is over", n.has("/metrics", "\nnidan_policies_refused 0\n"))
	})
	t.Run("with a bad set it does not start", func(t *testing.T) {
		edit(t, login, "input.account.has_email", "input.account.has_a_letterbox")
		other := newNidan(t, "NIDAN_POLICIES_DIR="+dir)
		c := exec.CommandContext(t.Context(), program, "serve")
		c.Env, c.Dir = append(os.Environ(), other.env...), other.dir
		if out, err := c.CombinedOutput(); err == nil || !strings.Contains(string(out), "nidan: the policies are refused: ") {
			t.Errorf("got %v\n%s", err, out)
		}
	})
	t.Run("where one has decided before, that one decides", func(t *testing.T) {
		n.stop()
		n.start()
		for _, text := range []string{dir + ", as kept", "undefined ref: input.account.has_a_letterbox"} {
			if !n.has("/readyz", text)() {
				t.Errorf("/readyz does not say %q", text)
			}
		}
		newSignIn(t, name).expect("code_sent", 1990001, nil)
		edit(t, login, "input.account.has_a_letterbox", "input.account.has_email")
		n.eventually("the folder's own decide", func() bool { return !n.has("/readyz", "as kept")() })
	})
}

// signing makes a new pair of keys, in two files.
func signing(t *testing.T) (private, public string) {
	t.Helper()
	dir := t.TempDir()
	private, public = filepath.Join(dir, "private.pem"), filepath.Join(dir, "public.pem")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		private: {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}, public: {Type: "PUBLIC KEY", Bytes: der},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return private, public
}

// buildBundle makes a bundle of the policies that ship, with changes, by the opa command.
func buildBundle(t *testing.T, bundle, key string, changes ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../policies/opa/go.mod", "opa", "build", "--bundle",
		"--signing-key", key, "--output", bundle, changedPolicies(t, changes...))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestPoliciesOfASignedBundle(t *testing.T) {
	private, public := signing(t)
	bundle := filepath.Join(t.TempDir(), "bundle.tar.gz")
	build := func(key string, changes ...string) { t.Helper(); buildBundle(t, bundle, key, changes...) }
	build(private)
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, bundle) }))
	defer files.Close()
	n := started(t, "NIDAN_POLICIES_BUNDLE_URL="+files.URL+"/bundle.tar.gz", "NIDAN_POLICIES_BUNDLE_PUBLIC_KEY="+public,
		"NIDAN_POLICIES_BUNDLE_KEEP_DIR="+t.TempDir(), "NIDAN_POLICIES_BUNDLE_MIN_DELAY=1s", "NIDAN_POLICIES_BUNDLE_MAX_DELAY=1s")
	name := account(t, off)
	newSignIn(t, name).expectIn(nil)

	t.Run("the next one counts for the next sign-in", func(t *testing.T) {
		build(private, `"always_asked_roles": []`, `"always_asked_roles": ["user"]`)
		n.eventually("the change decides", n.has("/metrics", "nidan_policies_activations_total 2"))
		newSignIn(t, name).expect("code_sent", 1990001, nil)
	})
	t.Run("one that somebody else has signed does not", func(t *testing.T) {
		stranger, _ := signing(t)
		build(stranger)
		n.eventually("the trouble", n.has("/metrics", "\nnidan_policies_trouble 1\n"))
		newSignIn(t, name).expect("code_sent", 1990001, nil)
	})
	t.Run("the last good one decides after a start, with the server away", func(t *testing.T) {
		n.stop()
		files.Close()
		n.start()
		if !n.has("/readyz", "bundle.tar.gz, as kept")() {
			t.Error("/readyz does not say so")
		}
		newSignIn(t, account(t, off)).expect("code_sent", 1990001, nil)
	})
}

func TestAShadowOfThePolicies(t *testing.T) {
	shadow := changedPolicies(t, `"always_asked_roles": []`, `"always_asked_roles": ["user"]`)
	n := started(t, "NIDAN_POLICIES_SHADOW_DIR="+shadow)
	n.eventually("the shadow", n.has("/metrics", "nidan_shadow_policies_activations_total 1"))
	newSignIn(t, account(t, off)).expectIn(nil)
	n.eventually("the difference", n.oneHas("/metrics", `nidan_shadow_sign_ins_total{result="changed"} 1`))
}

func TestAShadowMayBeASignedBundle(t *testing.T) {
	private, public := signing(t)
	bundle := filepath.Join(t.TempDir(), "bundle.tar.gz")
	buildBundle(t, bundle, private, `"always_asked_roles": []`, `"always_asked_roles": ["user"]`)
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer shadow-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.ServeFile(w, r, bundle)
	}))
	defer files.Close()
	n := started(t, "NIDAN_POLICIES_SHADOW_BUNDLE_URL="+files.URL+"/bundle.tar.gz", "NIDAN_POLICIES_SHADOW_BUNDLE_PUBLIC_KEY="+public,
		"NIDAN_POLICIES_SHADOW_BUNDLE_TOKEN=shadow-token", "NIDAN_POLICIES_SHADOW_BUNDLE_KEEP_DIR="+t.TempDir())
	n.eventually("the shadow", n.has("/metrics", "nidan_shadow_policies_activations_total 1"))
	newSignIn(t, account(t, off)).expectIn(nil)
	n.eventually("the difference", n.oneHas("/metrics", `nidan_shadow_sign_ins_total{result="changed"} 1`))
	t.Run("as kept, after a start with its server away", func(t *testing.T) {
		n.stop()
		files.Close()
		n.start()
		n.eventually("the shadow", n.has("/metrics", "nidan_shadow_policies_activations_total 1"))
		newSignIn(t, account(t, off)).expectIn(nil)
		n.eventually("the difference", n.oneHas("/metrics", `nidan_shadow_sign_ins_total{result="changed"} 1`))
	})
}

func TestDecisionsAreSentAsOPADoes(t *testing.T) {
	var mu sync.Mutex
	var events []map[string]any
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var batch []map[string]any
		if plain, err := gzip.NewReader(r.Body); err != nil {
			t.Error(err)
		} else if err := json.NewDecoder(plain).Decode(&batch); err != nil || r.URL.Path != "/logs" {
			t.Error(err, r.URL)
		}
		events = append(events, batch...)
	}))
	defer collector.Close()
	n := started(t, "NIDAN_DECISION_LOG_URL="+collector.URL, "NIDAN_DECISION_LOG_MIN_DELAY=1s", "NIDAN_DECISION_LOG_MAX_DELAY=1s")
	name := account(t, nil)
	newSignIn(t, name).expect("code_sent", 1990001, nil)
	n.eventually("the decision is sent", func() bool { mu.Lock(); defer mu.Unlock(); return len(events) == 1 })
	raw, err := json.Marshal(events[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"path":"nidan/login/decision"`, `"reason":"code_required"`, `"name":"` + name + `"`, `"email":"t***@example.com"`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("without %s: %s", want, raw)
		}
	}
}

func TestPoliciesAreTriedOnWhatHappened(t *testing.T) {
	n := started(t)
	name := account(t, nil)
	s := newSignIn(t, name)
	s.expect("code_sent", 1990001, nil)
	s.expectIn(code(n.code(1)))
	newSignIn(t, account(t, off)).expectIn(nil)
	policy := func(args ...string) (string, error) {
		c := exec.CommandContext(t.Context(), program, append([]string{"policy"}, args...)...)
		c.Env, c.Dir = append(os.Environ(), n.env...), n.dir
		out, err := c.CombinedOutput()
		return string(out), err
	}
	// A sign-in with a code is two calls of the hook.
	if out, err := policy("replay", "--max-changed", "0"); err != nil || !strings.Contains(out, "2 recorded sign-ins") || !strings.Contains(out, "1 further records") {
		t.Errorf("the same policies: %v\n%s", err, out)
	}
	everybody := changedPolicies(t, `"always_asked_roles": []`, `"always_asked_roles": ["user"]`)
	out, err := policy("replay", everybody, "--max-changed", "0")
	if err == nil || !strings.Contains(out, "allow account_off") || !strings.Contains(out, "challenge code_required") {
		t.Errorf("other policies: %v\n%s", err, out)
	}
	t.Run("and on an export, without the configuration", func(t *testing.T) {
		answer := n.get("/console/api/v1/records/export", consoleSession(t, n, account(t, administrator)))
		defer answer.Body.Close()
		export, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatal(answer.Status, err)
		}
		file := filepath.Join(t.TempDir(), "records.jsonl")
		if err := os.WriteFile(file, export, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), program, "policy", "replay", everybody, "--file", file, "--json").CombinedOutput()
		var s struct{ Decided, Changed int }
		if e := json.Unmarshal(out, &s); err != nil || e != nil || s.Decided != 3 || s.Changed != 1 {
			t.Errorf("got %v, %v\n%s", err, e, out)
		}
	})
	example := regexp.MustCompile(`(\d+) \(test-`).FindStringSubmatch(out)
	if example == nil {
		t.Fatalf("there is no example: %s", out)
	}
	if _, err := strconv.Atoi(example[1]); err != nil {
		t.Fatal(err)
	}
	if out, err := policy("explain", example[1]); err != nil || !strings.Contains(out, "YES asked/asked.rego:150") || !strings.Contains(out, "allow, account_off") {
		t.Errorf("explained: %v\n%s", err, out)
	}
}
