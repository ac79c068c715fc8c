package live

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"nidan/policies"
)

// lets returns a small set that allows each sign-in with this reason, and has one test.
func lets(reason string) fstest.MapFS {
	return fstest.MapFS{
		"login/login.rego": {Data: []byte(`package nidan.login

decision := {"action": "allow", "reason": "` + reason + `", "channel": "c", "remember_days": 0}
`)},
		"rest/capabilities.rego": {Data: []byte("package nidan.capabilities\n\ndecision := {\"capabilities\": [], \"reasons\": {}}\n")},
		"rest/console.rego":      {Data: []byte("package nidan.console\n\ndecision := {\"allow\": false, \"reason\": \"r\"}\n")},
		"login/login_test.rego": {Data: []byte(`package nidan.login_test

import data.nidan.login

test_allows if login.decision.action == "allow"
`)},
	}
}

// broken returns sets that must never decide, by their fault.
func broken() map[string]fstest.MapFS {
	change := func(from, to string) fstest.MapFS {
		set := lets("never")
		set["login/login.rego"] = &fstest.MapFile{Data: bytes.ReplaceAll(set["login/login.rego"].Data, []byte(from), []byte(to))}
		return set
	}
	failing := lets("never")
	failing["login/login_test.rego"] = &fstest.MapFile{Data: []byte("package nidan.login_test\n\ntest_never if false\n")}
	return map[string]fstest.MapFS{
		"does not parse":             change(":=", ":"),
		"does not compile":           change(`"never"`, "nobody"),
		"reaches out":                change(`"never"`, `http.send({"url": "http://127.0.0.1"}).body`),
		"has no decision":            change("decision", "verdict"),
		"decides what is none":       change(`"allow"`, `"maybe"`),
		"has a test that fails":      failing,
		"decides nothing for some":   change(`"remember_days": 0}`, `"remember_days": 0} if 1 == 2`),
		"is not a set of policies":   {"README.md": {Data: []byte("# Policies")}},
		"contradicts itself":         change("decision := {", "decision := 1\n\ndecision := {"),
		"has an answer out of range": change(`"remember_days": 0`, `"remember_days": 366`),
	}
}

type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.buf.Write(b) }
func (l *lines) String() string              { l.mu.Lock(); defer l.mu.Unlock(); return l.buf.String() }

func newPolicies() (*Policies, *lines) {
	log := &lines{}
	return New(policies.DecideWithin, time.Now, slog.New(slog.NewTextHandler(log, nil))), log
}

func (p *Policies) take(ctx context.Context, set fs.FS) error {
	_, err := p.offer(ctx, Source{FromFolder, "a test"}, func() (*policies.Set, error) { return policies.Load(set) })
	return err
}

func reasonOf(t *testing.T, p *Policies) string {
	t.Helper()
	v, err := p.Login(t.Context(), policies.Input{})
	if err != nil {
		t.Fatal(err)
	}
	return v.Reason
}

func TestWithoutPoliciesNothingIsDecided(t *testing.T) {
	p, _ := newPolicies()
	_, login := p.Login(t.Context(), policies.Input{})
	_, capabilities := p.Capabilities(t.Context(), policies.CapabilitiesInput{})
	_, console := p.Console(t.Context(), policies.ConsoleInput{})
	_, settings := p.Settings(t.Context(), policies.SettingsInput{})
	for _, err := range []error{login, capabilities, console, settings, p.Ready(t.Context())} {
		if !errors.Is(err, ErrNone) {
			t.Errorf("got %v", err)
		}
	}
	if got := p.Status().Detail(); got != "policies: none yet\n" {
		t.Errorf("the detail is %q", got)
	}
}

func TestAGoodSetTakesThePlaceOfTheOlder(t *testing.T) {
	p, log := newPolicies()
	for _, reason := range []string{"one", "two"} {
		if err := p.take(t.Context(), lets(reason)); err != nil {
			t.Fatal(err)
		}
		if got := reasonOf(t, p); got != reason {
			t.Errorf("got %s", got)
		}
	}
	s := p.Status()
	if s.Activations != 2 || s.Refused != nil || s.Active.Source.Where != "a test" || s.Active.Since.IsZero() || len(s.Active.Files()) != 5 ||
		len(s.Active.Report().Tests) != 1 || !strings.Contains(log.String(), "policies activated") {
		t.Errorf("got %+v\n%s", s, log)
	}
}

func TestWhoeverWantsToKnowIsToldOfEachSet(t *testing.T) {
	p, _ := newPolicies()
	var told []string
	if err := p.take(t.Context(), lets("one")); err != nil {
		t.Fatal(err)
	}
	p.Tell(t.Context(), func(_ context.Context, a *Active) { told = append(told, a.Revision) })
	first := p.Status().Active.Revision
	for _, set := range []fs.FS{lets("one"), broken()["reaches out"], lets("two")} {
		_ = p.take(t.Context(), set)
	}
	if want := first + " " + p.Status().Active.Revision; strings.Join(told, " ") != want {
		t.Errorf("told of %v, want %s", told, want)
	}
}

func TestTheShippedPoliciesDecide(t *testing.T) {
	p, _ := newPolicies()
	if err := p.Ship(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v, err := p.Login(t.Context(), policies.Input{}); err != nil || v.Reason != "account_inactive" {
		t.Errorf("got %+v, %v", v, err)
	}
}

func TestABadSetChangesNothing(t *testing.T) {
	for name, set := range broken() {
		t.Run("one that "+name, func(t *testing.T) {
			p, log := newPolicies()
			if err := p.take(t.Context(), lets("good")); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := p.take(t.Context(), set); !errors.Is(err, policies.ErrRefused) {
					t.Fatalf("got %v", err)
				}
			}
			if got := reasonOf(t, p); got != "good" {
				t.Errorf("got %s", got)
			}
			s := p.Status()
			if s.Refused == nil || !s.Refused.Current || s.Refused.Source.Where != "a test" || s.Refusals != 1 || s.Activations != 1 {
				t.Errorf("got %+v", s)
			}
			if !strings.Contains(s.Detail(), "policies: refused at") || strings.Count(log.String(), "policies refused") != 1 {
				t.Errorf("%s\n%s", s.Detail(), log)
			}
		})
	}
}

func TestARefusalIsOverWhenTheOlderSetIsBack(t *testing.T) {
	p, _ := newPolicies()
	for _, set := range []fs.FS{lets("good"), broken()["reaches out"], lets("good")} {
		_ = p.take(t.Context(), set)
	}
	s := p.Status()
	if s.Refused == nil || s.Refused.Current || s.Activations != 1 || strings.Contains(s.Detail(), "refused") {
		t.Errorf("got %+v\n%s", s, s.Detail())
	}
}

func TestASetThatTakesForEverToTryIsRefused(t *testing.T) {
	p, _ := newPolicies()
	p.within = 20 * time.Millisecond
	set := lets("x")
	set["login/login_test.rego"].Data = []byte(`package nidan.login_test

test_all_numbers if {
	every i in numbers.range(1, 100000000) { i > 0 }
}
`)
	if err := p.take(t.Context(), set); !errors.Is(err, policies.ErrRefused) || !strings.Contains(err.Error(), "longer than 20ms") {
		t.Errorf("got %v", err)
	}
	if p.Status().Refused == nil {
		t.Error("why is not kept")
	}
}

func TestAPanicInTheGateIsARefusal(t *testing.T) {
	p, _ := newPolicies()
	_, err := p.offer(t.Context(), Source{FromFolder, "a test"}, func() (*policies.Set, error) { panic("a bug") })
	if !errors.Is(err, policies.ErrRefused) || p.Status().Refused == nil {
		t.Errorf("got %v, %+v", err, p.Status())
	}
	if err := p.take(t.Context(), lets("good")); err != nil {
		t.Errorf("nothing can be offered any more: %v", err)
	}
}
