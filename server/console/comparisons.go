package console

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"nidan/policies"
	"nidan/policies/proof"
)

// Bounds of a comparison that somebody asks for in the console. Whoever needs more of it asks the command line, on a machine where nobody
// signs in.
const (
	compareWithin   = 2 * time.Minute // for each walk: the set that ships takes a few seconds
	compareClasses  = 30_000          // for each walk: the set that ships has three thousand
	compareEnds     = 6 * time.Minute // for everything, also what a walk does in the end
	comparisonsKept = 8
)

// Difference is how two sets of policies differ, and which invariants do not hold for the second one.
type Difference struct {
	proof.Comparison
	Invariants proof.Proof
}

// Comparisons compare sets of policies. An administrator who clicks must not keep others from signing in, also where there is one processor:
// one pair of sets is compared at a time, with pauses, within bounds, and a pair that was compared is not compared again. They are safe for
// concurrent use.
type Comparisons struct {
	Log *slog.Logger

	compare func(ctx context.Context, from, to []policies.File) (Difference, error)
	mu      sync.Mutex
	known   []*comparing // the one that was asked for last is the last
}

// NewComparisons returns comparisons of which none has been made yet.
func NewComparisons(log *slog.Logger) *Comparisons { return &Comparisons{Log: log, compare: compare} }

// comparing is a pair of sets, and their difference once it is done.
type comparing struct {
	from, to string // revisions
	done     chan struct{}

	difference Difference
	err        error
}

func (c *comparing) finished() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// Of is the difference of two revisions, if it is there within the patience. Otherwise it is being made, unless that of another pair is:
// then it has to be asked for again. Files returns the files of a revision.
func (c *Comparisons) Of(
	ctx context.Context, from, to string, patience time.Duration, files func(context.Context, string) ([]policies.File, error),
) (d Difference, done bool, err error) {
	asked := c.find(from, to)
	if asked == nil {
		before, err := files(ctx, from)
		if err != nil {
			return d, false, err
		}
		after, err := files(ctx, to)
		if err != nil {
			return d, false, err
		}
		if asked = c.begin(ctx, from, to, before, after); asked == nil {
			return d, false, nil
		}
	}
	enough := time.NewTimer(patience)
	defer enough.Stop()
	select {
	case <-asked.done:
	case <-enough.C:
	case <-ctx.Done():
	}
	if !asked.finished() {
		return d, false, ctx.Err()
	}
	if asked.err != nil {
		c.forget(asked) // the machine may have been too busy
	}
	return asked.difference, true, asked.err
}

// find is the comparison of a pair, done or not; nil: there is none.
func (c *Comparisons) find(from, to string) *comparing {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.findLocked(from, to)
}

func (c *Comparisons) findLocked(from, to string) *comparing {
	i := slices.IndexFunc(c.known, func(k *comparing) bool { return k.from == from && k.to == to })
	if i < 0 {
		return nil
	}
	found := c.known[i]
	c.known = append(slices.Delete(c.known, i, i+1), found)
	return found
}

func (c *Comparisons) forget(one *comparing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = slices.DeleteFunc(c.known, func(k *comparing) bool { return k == one })
}

// begin has a pair compared. It is nil where another one is being compared.
func (c *Comparisons) begin(ctx context.Context, from, to string, before, after []policies.File) *comparing {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found := c.findLocked(from, to); found != nil { // somebody else was faster
		return found
	}
	if slices.ContainsFunc(c.known, func(k *comparing) bool { return !k.finished() }) {
		return nil
	}
	c.known = append(c.known, &comparing{from: from, to: to, done: make(chan struct{})})
	c.known = c.known[max(0, len(c.known)-comparisonsKept):]
	begun := c.known[len(c.known)-1]
	// It goes on when whoever asked has gone: they come back for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), compareEnds)
	go func() {
		defer cancel()
		defer close(begun.done)
		defer func() { // a set that was kept may lead OPA into a bug: that is no reason to stop answering
			if r := recover(); r != nil {
				begun.err = fmt.Errorf("a panic in the comparison: %v", r)
			}
			if begun.err != nil {
				c.Log.WarnContext(ctx, "two sets of policies could not be compared", "from", from, "to", to, "err", begun.err)
			}
		}()
		begun.difference, begun.err = c.compare(ctx, before, after)
	}()
	return begun
}

// compare compares two sets, and gives way to others meanwhile.
func compare(ctx context.Context, before, after []policies.File) (d Difference, err error) {
	var sets [2]*policies.Engine
	for i, files := range [][]policies.File{before, after} {
		set, err := policies.FromFiles(files)
		if err != nil {
			return d, err
		}
		if sets[i], err = set.Compile(ctx, policies.DecideWithin); err != nil {
			return d, fmt.Errorf("revision %s: %w", set.Revision(), err)
		}
	}
	bounds := proof.Bounds{Time: compareWithin, Classes: compareClasses, Between: resting()}
	if d.Comparison, err = proof.Compare(ctx, sets[0], sets[1], bounds); err != nil {
		return d, err
	}
	d.Invariants, err = proof.ProveBoth(ctx, sets[0], sets[1], bounds)
	return d, err
}

// resting returns what rests for as long as was worked since the last rest. That the scheduler takes the processor away after 10 ms from
// whoever works is not enough: where there is one, each step of a sign-in would wait for these.
func resting() func() {
	rested := time.Now()
	return func() {
		if worked := time.Since(rested); worked > time.Millisecond {
			time.Sleep(worked)
			rested = time.Now()
		}
	}
}
