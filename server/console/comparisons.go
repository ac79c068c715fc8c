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

// The limits of a comparison that is started in the console. If they are not enough, use the command line, on a machine on which
// nobody signs in.
const (
	compareWithin   = 2 * time.Minute // for each walk over all inputs; the policies that ship need a few seconds
	compareClasses  = 30_000          // for each walk; the policies that ship have three thousand
	compareEnds     = 6 * time.Minute // for the whole comparison, with the work at the end of a walk
	comparisonsKept = 8
)

// Difference says how two sets of policies differ, and which invariants do not hold for the second set.
type Difference struct {
	proof.Comparison
	Invariants proof.Proof
}

// Comparisons compares sets of policies. A comparison must not delay sign-ins, even on a machine with one processor. So only one pair
// of sets is compared at a time, with pauses and limits, and the result is kept. Comparisons can be used concurrently.
type Comparisons struct {
	Log *slog.Logger

	compare func(ctx context.Context, from, to []policies.File) (Difference, error)
	mu      sync.Mutex
	known   []*comparing // the pair that was used last is the last one
}

// NewComparisons returns Comparisons without results.
func NewComparisons(log *slog.Logger) *Comparisons { return &Comparisons{Log: log, compare: compare} }

// comparing is a pair of sets, and their difference when it is done.
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

// Of returns the difference of two revisions, if it is done within patience. Otherwise done is false, and the caller has to ask
// again: the comparison is running, or, if another pair is being compared, has not been started. The function files returns the files
// of a revision.
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
		c.forget(asked) // do not keep the error: the machine may have been too busy
	}
	return asked.difference, true, asked.err
}

// find returns the comparison of a pair, running or done, or nil if there is none.
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

// begin starts the comparison of a pair. It returns nil if another pair is being compared.
func (c *Comparisons) begin(ctx context.Context, from, to string, before, after []policies.File) *comparing {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found := c.findLocked(from, to); found != nil { // another request was faster
		return found
	}
	if slices.ContainsFunc(c.known, func(k *comparing) bool { return !k.finished() }) {
		return nil
	}
	c.known = append(c.known, &comparing{from: from, to: to, done: make(chan struct{})})
	c.known = c.known[max(0, len(c.known)-comparisonsKept):]
	begun := c.known[len(c.known)-1]
	// The comparison goes on when the request has ended, because the visitor asks for the result again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), compareEnds)
	go func() {
		defer cancel()
		defer close(begun.done)
		defer func() { // files of a kept set may trigger a bug in OPA: its panic must not end the program
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

// compare compares two sets, with pauses so that sign-ins are not delayed.
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

// resting returns a function that sleeps for as long as the caller has worked since the last sleep. The scheduler interrupts a busy
// goroutine only after 10 ms. On one processor, each step of a sign-in would wait for these 10 ms.
func resting() func() {
	rested := time.Now()
	return func() {
		if worked := time.Since(rested); worked > time.Millisecond {
			time.Sleep(worked)
			rested = time.Now()
		}
	}
}
