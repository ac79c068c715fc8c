package console

import (
	"cmp"
	"context"
	"slices"
	"time"

	"nidan/challenge"
	"nidan/policies"
	"nidan/server/session"
)

// DecidedSet is a set of policies that decides, or has decided.
type DecidedSet struct {
	Revision string
	Name     string // what its bundle's manifest calls it; empty: nothing
	Source   string
	At       time.Time // when it began to decide, the last time
}

// DecidedSets are the sets of policies that have decided.
type DecidedSets interface {
	// Decided are all, the one first that began to decide last.
	Decided(ctx context.Context) ([]DecidedSet, error)
	// Files are those of a set.
	Files(ctx context.Context, revision string) ([]policies.File, error)
}

// PolicyDifference is how two sets that have decided differ.
type PolicyDifference struct {
	Sets     []DecidedSet // all that there are to choose from
	From, To DecidedSet   // empty: only one set has decided so far
	Done     bool         // false: it is being worked out, and has to be asked for again
	Failed   string       // why the two cannot be compared; empty: they can
	Difference
}

// comparePatience is how long whoever asks for a difference waits for it, before they are told that it takes longer.
const comparePatience = 1500 * time.Millisecond

// PolicyDifference is how two sets that have decided differ, by their revisions. Without these, it is how the last one differs from the one
// before. It is [challenge.ErrNotFound] where no set of a revision has decided.
func (c *Console) PolicyDifference(ctx context.Context, who session.Visitor, from, to string) (d PolicyDifference, err error) {
	if err := c.May(ctx, who, policies.ViewPolicies, nil); err != nil {
		return d, err
	}
	if d.Sets, err = c.Sets.Decided(ctx); err != nil {
		return d, err
	}
	if len(d.Sets) == 0 || from == "" && to == "" && len(d.Sets) == 1 {
		d.Done = true
		return d, nil
	}
	from, to = cmp.Or(from, d.Sets[min(1, len(d.Sets)-1)].Revision), cmp.Or(to, d.Sets[0].Revision)
	for revision, set := range map[string]*DecidedSet{from: &d.From, to: &d.To} {
		i := slices.IndexFunc(d.Sets, func(s DecidedSet) bool { return s.Revision == revision })
		if i < 0 {
			return d, challenge.ErrNotFound
		}
		*set = d.Sets[i]
	}
	if from == to {
		d.From, d.Done = d.To, true
		d.Complete = true
		return d, nil
	}
	d.Difference, d.Done, err = c.Comparisons.Of(ctx, from, to, comparePatience, c.Sets.Files)
	if err != nil && d.Done {
		d.Failed, err = err.Error(), nil
	}
	return d, err
}
