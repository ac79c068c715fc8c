package console

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"nidan/challenge"
	"nidan/policies"
)

// soon is how long a test waits for something that must happen.
const soon = 10 * time.Second

// comparisonsOf returns Comparisons that report when a comparison begins, and end it when the test says so.
func comparisonsOf(t *testing.T) (c *Comparisons, begun chan string, end chan error) {
	t.Helper()
	c, begun, end = NewComparisons(slog.New(slog.DiscardHandler)), make(chan string, 1), make(chan error)
	c.compare = func(ctx context.Context, from, to []policies.File) (Difference, error) {
		begun <- from[0].Text + to[0].Text
		err := <-end
		return Difference{}, errors.Join(err, ctx.Err())
	}
	return c, begun, end
}

// named returns the files of a set whose text is its revision.
func named(_ context.Context, revision string) ([]policies.File, error) {
	return []policies.File{{Path: "x.rego", Text: revision}}, nil
}

func TestOnePairIsComparedAtATime(t *testing.T) {
	c, begun, end := comparisonsOf(t)
	ask := func(from, to string, patience time.Duration) bool {
		t.Helper()
		_, done, err := c.Of(t.Context(), from, to, patience, named)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	if ask("a", "b", 0) {
		t.Error("it is done before it was let")
	}
	if got := <-begun; got != "ab" {
		t.Errorf("%s is compared", got)
	}
	if ask("a", "b", 0) || ask("b", "c", 0) {
		t.Error("something is done")
	}
	if c.find("b", "c") != nil {
		t.Error("two pairs are compared at a time")
	}
	end <- nil
	if !ask("a", "b", soon) {
		t.Error("it is not done")
	}
	select {
	case got := <-begun:
		t.Errorf("%s is compared beside or again", got)
	default:
	}
	if ask("b", "c", 0) || <-begun != "bc" { // the running comparison has ended
		t.Error("the other pair is not compared")
	}
	end <- nil
	if !ask("b", "c", soon) || !ask("a", "b", 0) {
		t.Error("a pair that was compared is compared again")
	}
}

func TestFewComparisonsAreKept(t *testing.T) {
	c, begun, end := comparisonsOf(t)
	for i := range comparisonsKept + 1 {
		from := string(rune('a' + i))
		_, _, _ = c.Of(t.Context(), from, "z", 0, named)
		<-begun
		end <- nil
		if _, done, err := c.Of(t.Context(), from, "z", soon, named); !done || err != nil {
			t.Fatal(done, err)
		}
		if _, done, _ := c.Of(t.Context(), "a", "z", 0, named); !done {
			t.Fatal("the one that is asked for again and again is not kept")
		}
	}
	if len(c.known) != comparisonsKept || c.find("a", "z") == nil || c.find("b", "z") != nil {
		t.Errorf("%d are kept", len(c.known))
	}
}

func TestAComparisonThatFailsOrPanicsIsToldAndEndsNothingElse(t *testing.T) {
	c, begun, end := comparisonsOf(t)
	_, _, _ = c.Of(t.Context(), "a", "b", 0, named)
	<-begun
	end <- errFault
	if _, done, err := c.Of(t.Context(), "a", "b", soon, named); !done || !errors.Is(err, errFault) {
		t.Errorf("got %t, %v", done, err)
	}
	if _, done, _ := c.Of(t.Context(), "a", "b", 0, named); done || <-begun != "ab" {
		t.Error("it is not tried again")
	}
	end <- nil
	if _, done, err := c.Of(t.Context(), "a", "b", soon, named); !done || err != nil {
		t.Errorf("got %t, %v", done, err)
	}
	c.compare = func(context.Context, []policies.File, []policies.File) (Difference, error) { panic("in OPA") }
	if _, done, err := c.Of(t.Context(), "b", "c", soon, named); !done || err == nil {
		t.Errorf("got %t, %v", done, err)
	}
	_, done, err := c.Of(t.Context(), "c", "d", soon, func(context.Context, string) ([]policies.File, error) { return nil, errFault })
	if done || !errors.Is(err, errFault) {
		t.Errorf("files that cannot be read: %t, %v", done, err)
	}
}

func TestWhoeverLeavesDoesNotEndAComparison(t *testing.T) {
	c, begun, end := comparisonsOf(t)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, done, err := c.Of(ctx, "a", "b", soon, named); done || !errors.Is(err, context.Canceled) {
		t.Errorf("got %t, %v", done, err)
	}
	<-begun
	end <- nil
	if _, done, err := c.Of(t.Context(), "a", "b", soon, named); !done || err != nil {
		t.Errorf("got %t, %v", done, err)
	}
}

func TestAComparisonRestsForAsLongAsItWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rest, begun := resting(), time.Now()
		for _, worked := range []time.Duration{3 * time.Millisecond, time.Millisecond / 2, time.Millisecond} {
			time.Sleep(worked)
			rest()
		}
		if took := time.Since(begun); took != 9*time.Millisecond {
			t.Errorf("4.5 ms of work took %v", took)
		}
	})
}

// sets has the sets that have decided, and their files.
type sets struct {
	decided []DecidedSet
	files   []policies.File
	err     error
}

func (s *sets) Decided(context.Context) ([]DecidedSet, error) { return s.decided, s.err }

func (s *sets) Files(context.Context, string) ([]policies.File, error) { return s.files, s.err }

func TestWhichSetsAreCompared(t *testing.T) {
	a, b, c := DecidedSet{Revision: "a"}, DecidedSet{Revision: "b"}, DecidedSet{Revision: "c"}
	for name, tc := range map[string]struct {
		decided        []DecidedSet
		from, to, want string
		err            error
	}{
		"the one before with the last":    {[]DecidedSet{c, b, a}, "", "", "b→c", nil},
		"an older one with the last":      {[]DecidedSet{c, b, a}, "a", "", "a→c", nil},
		"any two":                         {[]DecidedSet{c, b, a}, "c", "a", "c→a", nil},
		"one with itself":                 {[]DecidedSet{c, b, a}, "b", "b", "b→b", nil},
		"one alone":                       {[]DecidedSet{a}, "", "", "→", nil},
		"one alone, named":                {[]DecidedSet{a}, "", "a", "a→a", nil},
		"none":                            {nil, "a", "b", "→", nil},
		"one that never decided":          {[]DecidedSet{b, a}, "a", "x", "", challenge.ErrNotFound},
		"one that never decided, as from": {[]DecidedSet{b, a}, "x", "", "", challenge.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.Sets = &sets{decided: tc.decided, files: []policies.File{{Path: "x.rego"}}}
			s.Comparisons = NewComparisons(s.Log)
			s.Comparisons.compare = func(context.Context, []policies.File, []policies.File) (Difference, error) { return Difference{}, nil }
			d, err := s.PolicyDifference(t.Context(), s.visitor(t), tc.from, tc.to)
			if !errors.Is(err, tc.err) || err == nil && (!d.Done || d.From.Revision+"→"+d.To.Revision != tc.want) {
				t.Errorf("got %+v, %v", d, err)
			}
		})
	}
}

func TestWhoMayNotSeeThePoliciesSeesNoDifferenceOfThem(t *testing.T) {
	s := newScene(t)
	who := s.visitor(t)
	who.Person.Role = "user"
	var refusal *Refusal
	if _, err := s.PolicyDifference(t.Context(), who, "", ""); !errors.As(err, &refusal) {
		t.Errorf("got %v", err)
	}
}

// A set that an older program has kept may be invalid for this program.
func TestSetsThatCannotBeComparedAreNoFault(t *testing.T) {
	s := newScene(t)
	s.Sets = &sets{decided: []DecidedSet{{Revision: "b"}, {Revision: "a"}}, files: []policies.File{{Path: "x.rego", Text: "package x"}}}
	s.Comparisons = NewComparisons(s.Log)
	d, err := s.PolicyDifference(t.Context(), s.visitor(t), "", "")
	for end := time.Now().Add(soon); err == nil && !d.Done && time.Now().Before(end); {
		d, err = s.PolicyDifference(t.Context(), s.visitor(t), "", "")
	}
	if err != nil || !d.Done || d.Failed == "" {
		t.Errorf("got %+v, %v", d, err)
	}
	s.Sets = &sets{decided: []DecidedSet{{Revision: "d"}, {Revision: "c"}}, err: errFault}
	if _, err := s.PolicyDifference(t.Context(), s.visitor(t), "", ""); !errors.Is(err, errFault) {
		t.Errorf("a database that cannot be read: %v", err)
	}
}
