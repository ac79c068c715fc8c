package live

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// signer signs bundles with a signing time that the test sets.
type signer struct{ private, public string }

func newSigner(t *testing.T) signer {
	t.Helper()
	private, public := keyPair(t)
	return signer{private, public}
}

// signed returns a bundle with a signing time this many minutes after 9:00.
func (s signer) signed(t *testing.T, set fstest.MapFS, minutes int) []byte {
	t.Helper()
	return s.claiming(t, set, fmt.Sprintf(`{"iat": %d}`, morning(minutes).Unix()))
}

// claiming returns a bundle with these claims in its signature. An empty text adds no claims.
func (s signer) claiming(t *testing.T, set fstest.MapFS, claims string) []byte {
	t.Helper()
	args := []string{"--signing-key", s.private, "--signing-alg", "RS256"}
	if claims != "" {
		file := filepath.Join(t.TempDir(), "claims.json")
		if err := os.WriteFile(file, []byte(claims), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--claims-file", file)
	}
	return built(t, set, args...)
}

func morning(minutes int) time.Time {
	return time.Date(2020, 4, 1, 9, minutes, 0, 0, time.UTC)
}

// refusedAs says whether the offered set is refused for this reason.
func (p *Policies) refusedAs(reason string) func() bool {
	return func() bool {
		r := p.Status().Refused
		return r != nil && r.Current && strings.Contains(r.Reason, reason)
	}
}

const older = "it is older (signed at 2020-04-01T09:01:00Z) than one that has decided (signed at 2020-04-01T09:02:00Z)"

func TestAnOlderBundleIsRefused(t *testing.T) {
	by := newSigner(t)
	first, second := by.signed(t, lets("first"), 1), by.signed(t, lets("second"), 2)
	s, url := serve(t, first)
	p, log, _ := downloading(t, BundleConfig{URL: url, PublicKey: by.public})
	until(t, "the first", p.gives("first"))
	s.put(second, 0)
	until(t, "the second", p.gives("second"))

	t.Run("and whoever watches sees it", func(t *testing.T) {
		s.put(first, 0)
		until(t, "the refusal", p.refusedAs(older))
		if !p.gives("second")() || p.Status().Refusals != 1 || p.Status().Refused.Revision == "" {
			t.Errorf("got %+v", p.Status())
		}
		if !strings.Contains(p.Status().Detail(), older) || !strings.Contains(log.String(), "policies refused") {
			t.Errorf("got %s\n%s", p.Status().Detail(), log)
		}
		_, before := s.counts()
		until(t, "that it is offered again", func() bool { _, n := s.counts(); return n >= before+2 })
		if !p.gives("second")() {
			t.Error("it decides the next time")
		}
		s.put(second, 0)
		until(t, "the end of the refusal", func() bool { return !p.Status().Refused.Current })
	})
	t.Run("also where it says nothing of its age", func(t *testing.T) {
		s.put(by.claiming(t, lets("silent"), ""), 0)
		until(t, "the refusal", p.refusedAs("it does not say when it was signed (iat), and one that was signed at 2020-04-01T09:02:00Z has decided"))
		if !p.gives("second")() {
			t.Error("it decides")
		}
	})
	t.Run("and not where the older policies are signed anew", func(t *testing.T) {
		s.put(by.signed(t, lets("first"), 3), 0)
		until(t, "the older policies", p.gives("first"))
	})
	t.Run("nor is another of the same second", func(t *testing.T) {
		s.put(by.signed(t, lets("third"), 3), 0)
		until(t, "the third", p.gives("third"))
	})
	t.Run("one from the future does not shut out those that follow", func(t *testing.T) {
		s.put(by.claiming(t, lets("future"), fmt.Sprintf(`{"iat": %d}`, time.Now().Add(time.Hour).Unix())), 0)
		until(t, "the refusal", p.refusedAs("which is yet to come: a clock is wrong"))
		s.put(by.signed(t, lets("fourth"), 4), 0)
		until(t, "the fourth", p.gives("fourth"))
	})
}

func TestTheNewestBundleIsRememberedAcrossAStart(t *testing.T) {
	by := newSigner(t)
	first, second := by.signed(t, lets("first"), 1), by.signed(t, lets("second"), 2)
	keep := t.TempDir()
	s, url := serve(t, second)
	config := BundleConfig{URL: url, PublicKey: by.public, KeepDir: keep}
	p, _, stop := downloading(t, config)
	until(t, "the second", p.gives("second"))
	stop()

	t.Run("when the server has gone back", func(t *testing.T) {
		s.put(first, 0)
		p, _, stop := downloading(t, config)
		until(t, "the refusal", p.refusedAs(older))
		if !p.gives("second")() {
			t.Error("the one that was kept does not decide")
		}
		stop()
	})
	t.Run("when the bundle that was kept is gone", func(t *testing.T) {
		if err := os.Remove(filepath.Join(keep, "policies.tar.gz")); err != nil {
			t.Fatal(err)
		}
		p, _, stop := downloading(t, config)
		until(t, "the refusal", p.refusedAs(older))
		if p.Status().Active != nil {
			t.Errorf("got %+v", p.Status().Active)
		}
		stop()
	})
	t.Run("when somebody has put an older one in its place", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(keep, "policies.tar.gz"), first, 0o600); err != nil {
			t.Fatal(err)
		}
		p, _, stop := downloading(t, config)
		if p.Status().Active != nil || !p.refusedAs(older)() {
			t.Errorf("got %+v", p.Status())
		}
		stop()
	})
	t.Run("where it cannot be read, it is not taken for unknown", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(keep, "newest"), []byte("?"), 0o600); err != nil {
			t.Fatal(err)
		}
		p, _ := newPolicies()
		if _, err := p.Bundle(config); err == nil || !strings.Contains(err.Error(), "remove "+filepath.Join(keep, "newest")) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTheSamePoliciesSignedAnewAreTheNewest(t *testing.T) {
	by := newSigner(t)
	keep := t.TempDir()
	s, url := serve(t, by.signed(t, lets("first"), 1))
	config := BundleConfig{URL: url, PublicKey: by.public, KeepDir: keep}
	p, _, stop := downloading(t, config)
	until(t, "the first", p.gives("first"))
	s.put(by.signed(t, lets("first"), 3), 0)
	until(t, "that it is remembered", func() bool {
		text, err := os.ReadFile(filepath.Join(keep, "newest"))
		return err == nil && string(text) == "2020-04-01T09:03:00Z\n"
	})
	s.put(by.signed(t, lets("between"), 2), 0)
	until(t, "the refusal", p.refusedAs("it is older"))
	stop()
	p, _, _ = downloading(t, config)
	if !p.gives("first")() {
		t.Error("what was kept is older than what is remembered")
	}
}

func TestAnOlderBundleDecidesWhereItMay(t *testing.T) {
	by := newSigner(t)
	first, second := by.signed(t, lets("first"), 1), by.signed(t, lets("second"), 2)
	keep := t.TempDir()
	s, url := serve(t, second)
	config := BundleConfig{URL: url, PublicKey: by.public, KeepDir: keep, AllowOlder: true}
	p, _, stop := downloading(t, config)
	until(t, "the second", p.gives("second"))
	s.put(first, 0)
	until(t, "the first", p.gives("first"))
	s.put(by.claiming(t, lets("silent"), ""), 0)
	until(t, "the one that does not say", p.gives("silent"))
	s.put(first, 0)
	until(t, "the first again", p.gives("first"))
	stop()
	t.Run("also as kept", func(t *testing.T) {
		p, _, stop := downloading(t, config)
		if !p.gives("first")() {
			t.Errorf("got %+v", p.Status())
		}
		stop()
	})
	t.Run("and no longer where it may not", func(t *testing.T) {
		config.AllowOlder = false
		p, _, _ := downloading(t, config)
		if p.Status().Active != nil || !p.refusedAs(older)() {
			t.Errorf("got %+v", p.Status())
		}
	})
}

func TestBundlesThatSayNothingOfTheirAgeHaveNone(t *testing.T) {
	by := newSigner(t)
	s, url := serve(t, by.claiming(t, lets("first"), ""))
	p, log, _ := downloading(t, BundleConfig{URL: url, PublicKey: by.public, KeepDir: t.TempDir()})
	until(t, "the first", p.gives("first"))
	s.put(by.claiming(t, lets("second"), ""), 0)
	until(t, "the second", p.gives("second"))
	s.put(by.claiming(t, lets("first"), ""), 0)
	until(t, "the first again", p.gives("first"))
	if !strings.Contains(log.String(), "does not say when it was signed") {
		t.Errorf("nobody is told:\n%s", log)
	}
	s.put(by.signed(t, lets("third"), 1), 0)
	until(t, "the one that says", p.gives("third"))
	s.put(by.claiming(t, lets("first"), ""), 0)
	until(t, "the refusal", p.refusedAs("does not say"))
}

func TestABundleWaitsUntilItsTimeHasCome(t *testing.T) {
	p, _ := newPolicies()
	now := morning(0)
	p.now = func() time.Time { return now }
	b := &Bundle{policies: p, newest: morning(-9)}
	for _, tc := range []struct {
		clock, signed int
		allowed       bool
	}{
		{0, 5, true}, {0, 6, false}, {1, 6, true},
		{-20, -9, true}, // this bundle has decided before, so this machine's clock is wrong
		{-20, -8, false},
	} {
		now = morning(tc.clock)
		if err := b.checkAge(morning(tc.signed)); (err == nil) != tc.allowed {
			t.Errorf("signed at %v, at %v: %v", morning(tc.signed), now, err)
		}
	}
}

func TestABundleIsKeptBeforeItIsTheNewest(t *testing.T) {
	by := newSigner(t)
	keep := t.TempDir()
	p, log := newPolicies()
	b, err := p.Bundle(BundleConfig{URL: "http://127.0.0.1:1/x", PublicKey: by.public, Algorithm: "RS256", KeepDir: keep})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(keep, "newest"), 0o700); err != nil { // makes the write of the file "newest" fail
		t.Fatal(err)
	}
	b.keep(context.Background(), strings.NewReader("the bundle"), morning(1))
	if kept, err := os.ReadFile(filepath.Join(keep, "policies.tar.gz")); err != nil || string(kept) != "the bundle" {
		t.Errorf("got %s, %v", kept, err)
	}
	if !strings.Contains(log.String(), "not kept for the next start") || b.newest != morning(1) {
		t.Errorf("got %v\n%s", b.newest, log)
	}
}
