package live

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"nidan/policies"
	"nidan/policies/proof"
)

type memory struct {
	mu     sync.Mutex
	last   []policies.File
	source string
	rows   []Waiting
	fails  error
}

func (b *memory) Last(context.Context) ([]policies.File, string, error) {
	return b.last, b.source, b.fails
}

func (b *memory) Decides(_ context.Context, a *Active) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last, b.source = a.Files(), a.Source.String()
	b.drop(func(w Waiting) bool {
		return w.Revision != a.Revision && (w.Answer == Approved || w.Answer == Unanswered && w.Against != a.Revision)
	})
	return b.fails
}

func (b *memory) drop(which func(Waiting) bool) {
	var kept []Waiting
	for _, w := range b.rows {
		if !which(w) {
			kept = append(kept, w)
		}
	}
	b.rows = kept
}

func (b *memory) Ask(_ context.Context, w Waiting) (Waiting, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.rows {
		if r.Revision == w.Revision && (r.Digest == w.Digest || r.Answer == Rejected) {
			return r, b.fails
		}
	}
	b.rows = append(b.rows, w)
	return w, b.fails
}

func (b *memory) Withdraw(_ context.Context, source, except string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(func(w Waiting) bool { return w.Source.String() == source && w.Revision != except })
	return b.fails
}

func (b *memory) Waiting(context.Context) ([]Waiting, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Waiting{}, b.rows...), b.fails
}

func (b *memory) answer(t *testing.T, with Answer) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.rows) != 1 {
		t.Fatalf("%d wait", len(b.rows))
	}
	b.rows[0].Answer, b.rows[0].By = with, "admin"
}

// careful returns policies whose loosening takes approval.
func careful(b *memory) (*Policies, *lines) {
	p, log := newPolicies()
	p.limit = time.Minute
	p.Require(Require{Loosening: LooseningApprove})
	p.Remember(b)
	return p, log
}

const (
	strict  = `input.account.state == "active"; input.account.two_factor == false`
	loose   = `input.account.state == "active"`
	looser  = `input.account.state != "inactive"`
	another = `input.account.state == "active"; input.account.two_factor == true`
)

func revisionOf(t *testing.T, set fstest.MapFS) string {
	t.Helper()
	s, err := policies.Load(set)
	if err != nil {
		t.Fatal(err)
	}
	return s.Revision()
}

// decides fails the test unless the set with this rule decides.
func (p *Policies) decides(t *testing.T, rule string) {
	t.Helper()
	if got := p.Status().Active.Revision; got != revisionOf(t, small(rule)) {
		t.Errorf("another set decides than the one with the rule %s", rule)
	}
}

// begun returns careful policies whose active set has the strict rule.
func begun(t *testing.T) (*Policies, *memory, *lines) {
	t.Helper()
	set, err := policies.Load(small(strict))
	if err != nil {
		t.Fatal(err)
	}
	b := &memory{last: set.Files(), source: "the folder a test"}
	p, log := careful(b)
	if err := p.take(t.Context(), small(strict)); err != nil {
		t.Fatal(err)
	}
	return p, b, log
}

func (p *Policies) mustWait(t *testing.T, rule string) {
	t.Helper()
	if err := p.take(t.Context(), small(rule)); !errors.Is(err, errWaits) {
		t.Fatalf("got %v", err)
	}
}

func TestWhatLoosensWaitsUntilItIsApproved(t *testing.T) {
	p, b, log := begun(t)
	for range 3 {
		p.mustWait(t, loose)
		p.decides(t, strict)
	}
	s := p.Status()
	if len(s.Waiting) != 1 || s.Waiting[0].Revision != revisionOf(t, small(loose)) || s.Waiting[0].Against != revisionOf(t, small(strict)) ||
		!strings.Contains(s.Detail(), "waits for approval since") || strings.Count(log.String(), "policies wait for approval") != 1 {
		t.Fatalf("got %+v\n%s", s.Waiting, log)
	}
	d := s.Waiting[0].Differences
	if len(d) != 1 || d[0].Question != "login" || d[0].Kind != "LOOSENS" || len(d[0].When) == 0 || len(d[0].Changes) == 0 ||
		!strings.HasPrefix(d[0].Where, "login/login.rego:") || d[0].Input != nil {
		t.Errorf("got %+v", d)
	}
	b.answer(t, Approved)
	if err := p.take(t.Context(), small(loose)); err != nil {
		t.Fatal(err)
	}
	p.decides(t, loose)
	if s := p.Status(); len(s.Waiting) != 0 || s.Activations != 2 {
		t.Errorf("got %+v", s)
	}
	if again, err := policies.FromFiles(b.last); err != nil || again.Revision() != revisionOf(t, small(loose)) {
		t.Error("it is not known that it decides")
	}
}

func TestWhatTightensNeedsNoApproval(t *testing.T) {
	p, b, _ := begun(t)
	tests := small(strict)
	tests["more_test.rego"] = &fstest.MapFile{Data: []byte("package nidan.more_test\n\ntest_it if true\n")}
	if err := p.take(t.Context(), tests); err != nil {
		t.Error(err)
	}
	if err := p.take(t.Context(), small(`input.account.state == "active"; input.account.two_factor == false; input.account.has_email`)); err != nil {
		t.Error(err)
	}
	if len(b.rows) != 0 {
		t.Errorf("got %+v", b.rows)
	}
}

func TestWhatCannotBeProvenNeedsApproval(t *testing.T) {
	p, _, _ := begun(t)
	p.mustWait(t, strict+"\n\tregex.match(\"^a\", input.account.name)")
	if w := p.Status().Waiting; len(w) != 1 || len(w[0].Unproven) == 0 {
		t.Errorf("got %+v", w)
	}
}

func TestWhatIsRejectedStaysOutUntilItsFilesChange(t *testing.T) {
	p, b, _ := begun(t)
	p.mustWait(t, loose)
	b.answer(t, Rejected)
	for range 2 {
		if err := p.take(t.Context(), small(loose)); !errors.Is(err, policies.ErrRefused) || !strings.Contains(err.Error(), "admin has rejected it") {
			t.Errorf("got %v", err)
		}
	}
	restarted, _ := careful(b)
	if err := restarted.take(t.Context(), small(loose)); !errors.Is(err, policies.ErrRefused) {
		t.Errorf("after a start: %v", err)
	}
	restarted.decides(t, strict)
	if s := p.Status(); s.Refusals != 1 || len(s.Waiting) != 0 {
		t.Errorf("got %+v", s)
	}
	p.mustWait(t, looser)
	p.mustWait(t, loose)
}

// An administrator approves what they have seen. The approval counts for nothing else.
func TestAnApprovalCountsForWhatItWasGivenFor(t *testing.T) {
	// Compared with either set, the differences read alike: "refuse r, where the account is not inactive". But they concern other
	// accounts.
	t.Run("not for what is looser than another set", func(t *testing.T) {
		p, b, _ := begun(t)
		p.mustWait(t, looser)
		b.answer(t, Approved)
		elsewhere, _ := newPolicies()
		if err := elsewhere.take(t.Context(), small(another)); err != nil {
			t.Fatal(err)
		}
		p.active.Store(elsewhere.active.Load())
		p.mustWait(t, looser)
		p.decides(t, another)
	})
	t.Run("not after another set was offered", func(t *testing.T) {
		p, b, _ := begun(t)
		p.mustWait(t, loose)
		b.answer(t, Approved)
		p.mustWait(t, looser)
		p.mustWait(t, loose)
		p.decides(t, strict)
	})
	t.Run("not after a set was offered that cannot be read", func(t *testing.T) {
		p, b, _ := begun(t)
		p.mustWait(t, loose)
		b.answer(t, Approved)
		if err := p.take(t.Context(), broken()["does not parse"]); !errors.Is(err, policies.ErrRefused) {
			t.Fatal(err)
		}
		p.mustWait(t, loose)
		if p.Status().Refused.Current {
			t.Error("what waits passes for refused")
		}
	})
	t.Run("not a second time, after a stricter set has decided", func(t *testing.T) {
		p, b, _ := begun(t)
		p.mustWait(t, loose)
		b.answer(t, Approved)
		for _, rule := range []string{loose, strict} {
			if err := p.take(t.Context(), small(rule)); err != nil {
				t.Fatal(err)
			}
		}
		p.mustWait(t, loose)
	})
}

func TestAtAStartAnotherSetDecidesWhileOneWaits(t *testing.T) {
	p, b, _ := begun(t)
	p.mustWait(t, loose)
	for name, last := range map[string][]policies.File{"the one that decided last": b.last, "the one that ships, where none did": nil} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			set := small("true") // looser than the shipped set, too
			if last != nil {
				set = small(loose)
			}
			write(t, dir, set)
			restarted, _ := careful(&memory{last: last, source: b.source + asKept})
			f := restarted.Folder(dir)
			none := func(string) ([]policies.File, error) { return nil, nil }
			if err := f.Start(t.Context(), none); err != nil {
				t.Fatal(err)
			}
			s := restarted.Status()
			if len(s.Waiting) != 1 || s.Waiting[0].Revision != revisionOf(t, set) {
				t.Errorf("got %+v", s.Waiting)
			}
			if last != nil {
				restarted.decides(t, strict)
			} else if s.Active.Source.Kind != FromShipped {
				t.Errorf("%s decides", s.Active.Source)
			}
			if source := s.Active.Source.String(); strings.Count(source, asKept) > 1 {
				t.Errorf("it came from %s", source)
			}
			restarted.history.(*memory).answer(t, Approved)
			if err := f.Look(t.Context()); err != nil { // nothing in the folder has changed
				t.Error(err)
			}
			if got := restarted.Status().Active; got.Revision != revisionOf(t, set) || got.Source.Kind != FromFolder {
				t.Errorf("after the approval: %+v", got)
			}
		})
	}
}

func TestWithoutItsHistoryNothingNewDecides(t *testing.T) {
	p, b, log := begun(t)
	b.fails = errors.New("the database is away")
	for _, rule := range []string{loose, strict + "; input.account.has_email"} {
		if err := p.take(t.Context(), small(rule)); !errors.Is(err, b.fails) || errors.Is(err, policies.ErrRefused) {
			t.Errorf("got %v", err)
		}
		p.decides(t, strict)
	}
	if !strings.Contains(log.String(), "it cannot be found out whether new policies may decide") {
		t.Errorf("%s", log)
	}
	b.fails = nil
	p.mustWait(t, loose)
}

// If a comparison did not finish, another machine may find more or fewer differences. An administrator then approves one set in
// place of another, whatever that loosens.
func TestAComparisonWithoutAnEndIsApprovedAsAWhole(t *testing.T) {
	digest := func(l Loosening, against string) string {
		sum, err := l.digest(against)
		if err != nil || l.Nothing() {
			t.Errorf("got %v, %v", l.Nothing(), err)
		}
		return sum
	}
	one, more := Loosening{Partial: true, Unproven: []string{"x"}}, Loosening{Partial: true, Differences: []proof.Difference{{Question: "login"}}}
	if digest(one, "a") != digest(more, "a") || digest(one, "a") == digest(one, "b") {
		t.Error("it depends on what was found")
	}
	ended, other := one, more
	ended.Partial, other.Partial = false, false
	if digest(ended, "a") == digest(other, "a") || digest(ended, "a") == digest(one, "a") {
		t.Error("of one that came to an end, it does not depend on what was found")
	}
}

func TestABundleThatLoosensWaitsAndIsKeptOnceItDecides(t *testing.T) {
	set, err := policies.Load(small(strict))
	if err != nil {
		t.Fatal(err)
	}
	b := &memory{last: set.Files(), source: "x"}
	_, at := serve(t, built(t, small(loose)))
	keep := t.TempDir()
	p, _ := careful(b)
	stop := p.downloading(t, BundleConfig{URL: at, KeepDir: keep})
	until(t, "the set that waits", func() bool { return len(p.Status().Waiting) == 1 })
	p.decides(t, strict)
	b.answer(t, Approved)
	p.Hurry()
	until(t, "the approved set", func() bool { return p.Status().Active.Source.Kind == FromBundle })
	until(t, "the bundle in its folder", func() bool { _, err := os.Stat(filepath.Join(keep, "policies.tar.gz")); return err == nil })
	stop()
	again, _ := careful(b)
	bundle, err := again.Bundle(BundleConfig{URL: at, KeepDir: keep})
	if err != nil {
		t.Fatal(err)
	}
	if err := bundle.Kept(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := again.Status(); s.Active.Revision != p.Status().Active.Revision || s.Active.Source.Kind != FromKept {
		t.Errorf("got %+v", s.Active)
	}
}
