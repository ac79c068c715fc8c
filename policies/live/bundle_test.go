package live

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"
)

func opa(t *testing.T, args ...string) {
	t.Helper()
	modfile, err := filepath.Abs("../opa/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "go", append([]string{"tool", "-modfile=" + modfile, "opa"}, args...)...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("opa %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// keyPair returns the files of a new private key and its public key.
func keyPair(t *testing.T) (private, public string) {
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

// built returns a bundle of a set, built by the opa command. With a key in the arguments, the bundle is signed.
func built(t *testing.T, set fstest.MapFS, more ...string) []byte {
	t.Helper()
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "bundle.tar.gz")
	write(t, dir, set)
	opa(t, append([]string{"build", "--bundle", "--output", out, dir}, more...)...)
	raw, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// shelf serves a bundle as bundle servers do: with an ETag, and with long polling if the client asks for it.
type shelf struct {
	mu       sync.Mutex
	bundle   []byte
	changed  chan struct{}
	status   int
	requests []*http.Request
	given    int // how often the whole bundle was sent
}

func serve(t *testing.T, bundle []byte) (*shelf, string) {
	t.Helper()
	s := &shelf{bundle: bundle, changed: make(chan struct{})}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL + "/policies/nidan.tar.gz?version=1"
}

func (s *shelf) put(bundle []byte, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bundle, s.status = bundle, status
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	bundle, changed, status := s.bundle, s.changed, s.status
	s.requests = append(s.requests, r)
	s.mu.Unlock()
	if status != 0 {
		w.WriteHeader(status)
		return
	}
	if strings.Contains(r.Header.Get("Prefer"), "wait=") {
		w.Header().Set("Content-Type", "application/vnd.openpolicyagent.bundles")
		if r.Header.Get("If-None-Match") == tag(bundle) {
			select {
			case <-changed:
				s.mu.Lock()
				bundle = s.bundle
				s.mu.Unlock()
			case <-r.Context().Done():
				return
			}
		}
	}
	w.Header().Set("ETag", tag(bundle))
	if r.Header.Get("If-None-Match") == tag(bundle) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	s.mu.Lock()
	s.given++
	s.mu.Unlock()
	w.Write(bundle)
}

func tag(bundle []byte) string {
	sum := sha256.Sum256(bundle)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

func (s *shelf) counts() (requests, given int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests), s.given
}

// downloading asks for a bundle until the test ends or the returned function is called.
func downloading(t *testing.T, c BundleConfig) (*Policies, *lines, func()) {
	t.Helper()
	p, log := newPolicies()
	return p, log, p.downloading(t, c)
}

func (p *Policies) downloading(t *testing.T, c BundleConfig) func() {
	t.Helper()
	if c.Algorithm == "" {
		c.Algorithm = "RS256"
	}
	c.MinDelay, c.MaxDelay = max(c.MinDelay, time.Second), max(c.MaxDelay, time.Second)
	b, err := p.Bundle(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Kept(t.Context()); err != nil {
		t.Log(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func TestABundleThatIsSigned(t *testing.T) {
	private, public := keyPair(t)
	sign := []string{"--signing-key", private, "--signing-alg", "RS256"}
	s, url := serve(t, built(t, lets("first"), sign...))
	p, log, _ := downloading(t, BundleConfig{URL: url, Token: "bundle-token", PublicKey: public})
	until(t, "the bundle", p.gives("first"))
	if got := s.requests[0].Header.Get("Authorization"); got != "Bearer bundle-token" || s.requests[0].URL.RawQuery != "version=1" {
		t.Errorf("it was asked for with %q, %s", got, s.requests[0].URL)
	}
	if source := p.Status().Active.Source.String(); source != "the bundle "+strings.TrimSuffix(url, "?version=1") {
		t.Errorf("the source is %s", source)
	}

	t.Run("is asked for again, and not sent again", func(t *testing.T) {
		before, _ := s.counts()
		until(t, "two more looks", func() bool { n, _ := s.counts(); return n >= before+2 })
		until(t, "when that was", func() bool { return p.Status().Downloads.Answered.After(p.Status().Downloads.Had) })
		if _, given := s.counts(); given != 1 {
			t.Errorf("it was sent %d times", given)
		}
	})
	other, _ := keyPair(t)
	for name, bundle := range map[string][]byte{
		"is refused without a signature":        built(t, lets("unsigned")),
		"is refused with another's signature":   built(t, lets("forged"), "--signing-key", other, "--signing-alg", "RS256"),
		"is refused where a file was exchanged": tampered(t, built(t, lets("signed"), sign...), "signed", "fooled"),
		"is refused where it is no archive":     []byte("<html>"),
	} {
		t.Run(name, func(t *testing.T) {
			s.put(bundle, 0)
			until(t, "the trouble", func() bool { return p.Status().Trouble != nil })
			if !p.gives("first")() {
				t.Error("it decides")
			}
			s.put(built(t, lets("first"), sign...), 0)
			until(t, "the end of the trouble", func() bool { return p.Status().Trouble == nil })
		})
	}
	t.Run("is replaced by the next", func(t *testing.T) {
		s.put(built(t, lets("second"), sign...), 0)
		until(t, "the next bundle", p.gives("second"))
	})
	if strings.Contains(log.String(), "bundle-token") {
		t.Error("the token is in the log")
	}
}

// tampered returns a bundle with one text replaced by another of the same length.
func tampered(t *testing.T, bundle []byte, from, to string) []byte {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "b.tar.gz")
	script := `cd "$1" && mkdir x && tar -xzf "$2" -C x && grep -rl "$3" x --include=*.rego | xargs sed -i "s/$3/$4/" && tar -czf "$2" -C x .`
	if err := os.WriteFile(file, bundle, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", script, "sh", dir, file, from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	raw, err := os.ReadFile(file)
	if err != nil || bytes.Equal(raw, bundle) {
		t.Fatalf("nothing was exchanged: %v", err)
	}
	return raw
}

func TestADeltaBundleIsRefused(t *testing.T) {
	if _, _, err := new(Bundle).set(&bundle.Bundle{Patch: bundle.Patch{Data: []bundle.PatchOperation{{Op: "remove", Path: "/parameters"}}}}); err == nil ||
		!strings.Contains(err.Error(), "delta") {
		t.Errorf("got %v", err)
	}
}

// bomb returns an archive of a few kilobytes that unpacks to 100 MiB.
func bomb(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	for i := range 10 {
		if err := w.WriteHeader(&tar.Header{Name: fmt.Sprint(i, ".rego"), Mode: 0o644, Size: 10 << 20}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, 10<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestABundleThatIsOutOfBounds(t *testing.T) {
	keep := t.TempDir()
	s, url := serve(t, built(t, lets("first")))
	config := BundleConfig{URL: url, KeepDir: keep}
	p, _, stop := downloading(t, config)
	until(t, "the bundle", p.gives("first"))
	s.put(bomb(t), 0)
	until(t, "the trouble", func() bool { return p.Status().Trouble != nil })
	const why = "the bundle is larger than 67108864 bytes when unpacked"
	if got := p.Status().Trouble.Reason; !strings.HasSuffix(got, why) || strings.Contains(got, "version=1") || !p.gives("first")() {
		t.Errorf("got %s", got)
	}
	stop()
	t.Run("as kept", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(keep, "policies.tar.gz"), bomb(t), 0o600); err != nil {
			t.Fatal(err)
		}
		p, _, _ := downloading(t, config)
		if p.Status().Active != nil || p.Status().Refused == nil || !strings.HasSuffix(p.Status().Refused.Reason, why) {
			t.Errorf("got %+v", p.Status())
		}
	})
}

func TestABundleThatDoesNotPassTheGate(t *testing.T) {
	first, second := built(t, lets("first")), built(t, lets("second"))
	s, url := serve(t, first)
	p, _, _ := downloading(t, BundleConfig{URL: url})
	until(t, "the bundle", p.gives("first"))
	s.put(built(t, broken()["has a test that fails"]), 0)
	until(t, "the refusal", func() bool { return p.Status().Refused != nil })
	if !p.gives("first")() {
		t.Error("it decides")
	}
	_, before := s.counts()
	until(t, "that it is offered again", func() bool { _, n := s.counts(); return n >= before+2 })
	if got := p.Status().Refusals; got != 1 {
		t.Errorf("one refusal was counted %d times", got)
	}
	s.put(second, 0)
	until(t, "the mended bundle", p.gives("second"))
}

func TestABundleIsPushedByLongPolling(t *testing.T) {
	s, url := serve(t, built(t, lets("first")))
	// Without long polling, the next request would come only after the end of the test.
	p, _, _ := downloading(t, BundleConfig{URL: url, LongPolling: 10 * time.Minute, MinDelay: time.Hour, MaxDelay: time.Hour})
	until(t, "the bundle", p.gives("first"))
	s.put(built(t, lets("second")), 0)
	until(t, "the next bundle", p.gives("second"))
}

func TestTheLastGoodBundleIsKeptAcrossAStart(t *testing.T) {
	private, public := keyPair(t)
	keep := filepath.Join(t.TempDir(), "kept")
	s, url := serve(t, built(t, lets("first"), "--signing-key", private, "--signing-alg", "RS256"))
	config := BundleConfig{URL: url, PublicKey: public, KeepDir: keep}
	p, _, stop := downloading(t, config)
	until(t, "the bundle", p.gives("first"))
	s.put(built(t, broken()["reaches out"], "--signing-key", private, "--signing-alg", "RS256"), 0)
	until(t, "the refusal", func() bool { return p.Status().Refused != nil })
	stop()
	s.put(nil, http.StatusInternalServerError)

	t.Run("and decides while the server is away", func(t *testing.T) {
		p, _, _ := downloading(t, config)
		if !p.gives("first")() || !strings.HasSuffix(p.Status().Active.Source.String(), ", as kept") {
			t.Errorf("got %+v", p.Status().Active)
		}
		until(t, "the trouble", func() bool { return p.Status().Trouble != nil })
		if !p.gives("first")() {
			t.Error("the trouble ended it")
		}
	})
	t.Run("and is refused where somebody has exchanged it", func(t *testing.T) {
		file := filepath.Join(keep, "policies.tar.gz")
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, tampered(t, raw, "first", "wrong"), 0o600); err != nil {
			t.Fatal(err)
		}
		p, _, _ := downloading(t, config)
		if p.Status().Active != nil || p.Status().Refused == nil {
			t.Errorf("got %+v", p.Status())
		}
	})
}

func TestABundleServerThatIsAwayFromTheStart(t *testing.T) {
	s, url := serve(t, nil)
	s.put(nil, http.StatusNotFound)
	p, log, _ := downloading(t, BundleConfig{URL: url})
	until(t, "the trouble", func() bool { return p.Status().Trouble != nil })
	if p.Ready(t.Context()) == nil || !strings.Contains(p.Status().Detail(), "Not Found") {
		t.Errorf("got %s", p.Status().Detail())
	}
	s.put(built(t, lets("first")), 0)
	until(t, "the bundle", p.gives("first"))
	if p.Status().Trouble != nil || strings.Contains(log.String(), "version=1") {
		t.Errorf("got %+v\n%s", p.Status().Trouble, log)
	}
}
