package live

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nidan/policies"
	"nidan/policies/replay"
)

func shadowed(t *testing.T, dir string) *Policies {
	t.Helper()
	p, _ := newPolicies()
	s := p.Shadowed()
	keepGoing(t, s.Compare, s.Policies.Folder(dir).Watch)
	return p
}

// keepGoing runs each function until the test ends.
func keepGoing(t *testing.T, all ...func(context.Context) error) {
	t.Helper()
	for _, keep := range all {
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- keep(ctx) }()
		t.Cleanup(func() {
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

// A shadow's bundle has the same options as a deciding bundle: it can be signed, and kept for the next start.
func TestAShadowMayBeABundle(t *testing.T) {
	private, public := keyPair(t)
	sign := []string{"--signing-key", private, "--signing-alg", "RS256"}
	s, url := serve(t, built(t, lets("other"), sign...))
	config := BundleConfig{
		URL: url, PublicKey: public, Algorithm: "RS256", MinDelay: time.Second, MaxDelay: time.Second, KeepDir: filepath.Join(t.TempDir(), "kept"),
	}
	counts := &book{kept: map[string]replay.Summary{}}
	start := func(t *testing.T) *Policies {
		p, _ := newPolicies()
		shadow := p.Shadowed()
		p.KeepDifferences(counts)
		b, err := shadow.Policies.Bundle(config)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Kept(t.Context()); err != nil {
			t.Error(err)
		}
		if err := p.take(t.Context(), lets("first")); err != nil {
			t.Fatal(err)
		}
		keepGoing(t, shadow.Compare, b.Run)
		return p
	}
	compared := func(p *Policies, n int) func() bool {
		return func() bool {
			s, err := p.Everywhere(t.Context())
			return err == nil && s.Shadow.Summary.Decided == n && len(s.Shadow.Summary.Changes) == n
		}
	}
	t.Run("from a server", func(t *testing.T) {
		p := start(t)
		until(t, "the shadow", p.shadowGives("other"))
		s.put(built(t, lets("forged")), 0)
		until(t, "the refusal of one that is not signed", func() bool { return p.shadow.Policies.Status().Trouble != nil })
		if got := reasonOf(t, p); got != "first" {
			t.Errorf("the shadow had a say: %s", got)
		}
		until(t, "the comparison", compared(p, 1))
	})
	t.Run("and as kept, with what was counted before the start", func(t *testing.T) {
		s.put(nil, http.StatusInternalServerError)
		p := start(t)
		if got := reasonOf(t, p); got != "first" {
			t.Errorf("the shadow had a say: %s", got)
		}
		until(t, "the comparison", compared(p, 2))
	})
}

func (p *Policies) shadowGives(reason string) func() bool { return p.shadow.Policies.gives(reason) }

func TestAShadowIsComparedAndHasNoSay(t *testing.T) {
	dir := t.TempDir()
	set := lets("other")
	set["login/login.rego"].Data = []byte(strings.ReplaceAll(string(set["login/login.rego"].Data), `"allow"`, `"refuse"`))
	set["login/login_test.rego"].Data = []byte(strings.ReplaceAll(string(set["login/login_test.rego"].Data), `"allow"`, `"refuse"`))
	write(t, dir, set)
	p := shadowed(t, dir)
	if err := p.take(t.Context(), lets("first")); err != nil {
		t.Fatal(err)
	}
	until(t, "the shadow", p.shadowGives("other"))
	in := policies.Input{Account: policies.Account{Name: "agent", Role: "user"}}
	for range 5 {
		if v, err := p.Login(t.Context(), in); err != nil || v.Action != policies.ActionAllow || v.Reason != "first" {
			t.Fatalf("the shadow had a say: %+v, %v", v, err)
		}
	}
	until(t, "the comparison", func() bool { return p.Status().Shadow.Summary.Decided == 5 })
	s := p.Status().Shadow
	if s.Summary.Changed != 5 || s.Summary.Loosened != 0 || s.Dropped != 0 || s.Against != p.Status().Active.Revision ||
		len(s.Summary.Changes) != 1 || s.Summary.Changes[0].FromReason != "first" || s.Summary.Changes[0].ToReason != "other" ||
		len(s.Summary.Changes[0].Examples) != 3 || s.Summary.Changes[0].Examples[0].Account != "agent" {
		t.Errorf("got %+v", s)
	}

	t.Run("and counting begins anew with another set", func(t *testing.T) {
		if err := p.take(t.Context(), lets("second")); err != nil {
			t.Fatal(err)
		}
		p.gives("second")()
		until(t, "the comparison", func() bool { return p.Status().Shadow.Summary.Decided == 1 })
		write(t, dir, lets("second"))
		until(t, "the shadow's change", p.shadowGives("second"))
		p.gives("second")()
		until(t, "the comparison", func() bool {
			s := p.Status().Shadow.Summary
			return s.Decided == 1 && s.Changed == 0 && len(s.Changes) == 0
		})
	})
}

func TestAShadowThatIsRefusedIsNotCompared(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, broken()["reaches out"])
	p := shadowed(t, dir)
	if err := p.take(t.Context(), lets("first")); err != nil {
		t.Fatal(err)
	}
	until(t, "the refusal", func() bool { return p.Status().Shadow.Refused != nil })
	if !p.gives("first")() || p.Status().Shadow.Summary.Decided != 0 || p.Status().Refused != nil {
		t.Errorf("got %+v", p.Status())
	}
}

func TestAShadowThatFailsIsCountedAsARefusal(t *testing.T) {
	dir := t.TempDir()
	set := lets("x")
	set["login/login.rego"].Data = []byte(`# METADATA
# schemas:
#   - input: schema.input
package nidan.login

decision := {"action": "allow", "reason": "x", "channel": "c"} if not input.account.role == "odd"
`)
	write(t, dir, set)
	p := shadowed(t, dir)
	if err := p.take(t.Context(), lets("first")); err != nil {
		t.Fatal(err)
	}
	until(t, "the shadow", p.shadowGives("x"))
	if _, err := p.Login(t.Context(), policies.Input{Account: policies.Account{Role: "odd"}}); err != nil {
		t.Fatal(err)
	}
	until(t, "the comparison", func() bool { return p.Status().Shadow.Summary.Failed == 1 })
	c := p.Status().Shadow.Summary.Changes[0]
	if c.To != policies.ActionRefuse || c.ToReason != "undecided" || !strings.Contains(c.Examples[0].Error, "undefined") {
		t.Errorf("got %+v", c)
	}
}

// The shadow runs in a goroutine of its own. An uncaught panic there would end the program, and all sign-ins with it.
func TestAPanicInTheShadowIsAFailure(t *testing.T) {
	p := shadowed(t, t.TempDir())
	if err := p.take(t.Context(), lets("first")); err != nil {
		t.Fatal(err)
	}
	p.shadow.Policies.active.Store(&Active{Revision: "broken"}) // without an engine
	if !p.gives("first")() {
		t.Error("not decided")
	}
	until(t, "the comparison", func() bool { return p.Status().Shadow.Summary.Failed == 1 })
	if got := p.Status().Shadow.Summary.Changes[0].Examples[0].Error; !strings.HasPrefix(got, "a panic: ") {
		t.Errorf("got %s", got)
	}
}

func TestNobodyWaitsForAShadow(t *testing.T) {
	p, _ := newPolicies()
	p.Shadowed() // the comparison is not running
	if err := p.take(t.Context(), lets("first")); err != nil {
		t.Fatal(err)
	}
	for range mostWaiting + 7 {
		if !p.gives("first")() {
			t.Fatal("not decided")
		}
	}
	if got := p.Status().Shadow.Dropped; got != 7 {
		t.Errorf("%d were dropped", got)
	}
}

// book is a ledger of two processes.
type book struct {
	mu    sync.Mutex
	kept  map[string]replay.Summary
	fails bool
}

func (b *book) Add(_ context.Context, active, shadow string, counted replay.Summary) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails {
		return errors.New("the book is closed")
	}
	sum := b.kept[active+shadow]
	sum.Decided += counted.Decided
	sum.Changes = append(sum.Changes, counted.Changes...)
	b.kept[active+shadow] = sum.Summed()
	return nil
}

func (b *book) Sum(_ context.Context, active, shadow string) (replay.Summary, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails {
		return replay.Summary{}, errors.New("the book is closed")
	}
	return b.kept[active+shadow].Summed(), nil
}

func (b *book) failing(yes bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fails = yes
}

func TestWhatIsCountedOfAShadowIsThatOfAllProcesses(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, lets("other"))
	kept := &book{kept: map[string]replay.Summary{}}
	one, two := shadowed(t, dir), shadowed(t, dir)
	for _, p := range []*Policies{one, two} {
		p.KeepDifferences(kept)
		if err := p.take(t.Context(), lets("first")); err != nil {
			t.Fatal(err)
		}
		until(t, "the shadow", p.shadowGives("other"))
	}
	decided := func(n int) func() bool {
		return func() bool {
			s, err := one.Everywhere(t.Context())
			return err == nil && s.Shadow.Summary.Decided == n && len(s.Shadow.Summary.Changes) > 0
		}
	}
	one.gives("first")()
	two.gives("first")()
	until(t, "both", decided(2))
	if s := one.Status().Shadow.Summary; s.Decided != 1 {
		t.Errorf("this one alone has compared %d", s.Decided)
	}

	kept.failing(true)
	two.gives("first")()
	until(t, "the comparison", func() bool { return two.Status().Shadow.Summary.Decided == 2 })
	if _, err := one.Everywhere(t.Context()); err == nil {
		t.Error("what cannot be read is shown")
	}
	kept.failing(false)
	until(t, "what could not be told before", decided(3))

	restarted := shadowed(t, dir)
	restarted.KeepDifferences(kept)
	if err := restarted.take(t.Context(), lets("first")); err != nil {
		t.Fatal(err)
	}
	until(t, "the shadow", restarted.shadowGives("other"))
	if s, err := restarted.Everywhere(t.Context()); err != nil || s.Shadow.Summary.Decided != 3 || s.Shadow.Against != s.Active.Revision {
		t.Errorf("after a restart: %+v, %v", s.Shadow, err)
	}
}

func TestWhatWasCountedIsToldAtTheEnd(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, lets("other"))
	kept := &book{kept: map[string]replay.Summary{}}
	p, _ := newPolicies()
	s := p.Shadowed()
	p.KeepDifferences(kept)
	if err := s.Policies.take(t.Context(), lets("other")); err != nil {
		t.Fatal(err)
	}
	if err := p.take(t.Context(), lets("first")); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Compare(ctx) }()
	p.gives("first")()
	until(t, "the comparison", func() bool { return p.Status().Shadow.Summary.Decided == 1 })
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if s, err := p.Everywhere(t.Context()); err != nil || s.Shadow.Summary.Decided != 1 {
		t.Errorf("got %+v, %v", s.Shadow, err)
	}
}
