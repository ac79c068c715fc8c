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

// DecidedSet is a set of policies that decides now or has decided before.
type DecidedSet struct {
	Revision string
	Name     string // the name in the manifest of the set's bundle; empty: the manifest has no name
	Source   string
	At       time.Time // when the set last began to decide
}

// DecidedSets gives access to the sets of policies that have decided.
type DecidedSets interface {
	// Decided returns all sets. The set that began to decide last comes first.
	Decided(ctx context.Context) ([]DecidedSet, error)
	// Files returns the files of a set.
	Files(ctx context.Context, revision string) ([]policies.File, error)
}

// PolicyDifference says how two sets that have decided differ.
type PolicyDifference struct {
	Sets     []DecidedSet // all sets that can be compared
	From, To DecidedSet   // empty: only one set has decided so far
	Done     bool         // false: the comparison is not finished; ask again
	Failed   string       // why the two sets cannot be compared; empty: they can
	Difference
}

// comparePatience is how long a request waits for a comparison before the answer says that it takes longer.
const comparePatience = 1500 * time.Millisecond

// PolicyDifference compares two sets that have decided, by their revisions. If both are empty, it compares the last set with the one
// before it. It returns [challenge.ErrNotFound] if no set of a revision has decided.
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
