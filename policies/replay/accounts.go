package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"reflect"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"nidan/policies"
	"nidan/policies/proof"
)

// Accounts holds the accounts with recorded sign-ins that two sets decide differently.
type Accounts struct {
	Records    int                 // records decided by both sets
	Of         []map[string]string // one map for each difference of the comparison: account names by account ID
	Elsewhere  map[string]string   // names by ID of accounts with records that are decided differently but belong to no difference that was found
	Inexact    int                 // records that lack facts which the sets read
	Unreadable int                 // records that contain no sign-in to decide
}

// Concerned decides each recorded sign-in under both sets of a comparison, and returns the accounts that each difference concerns.
// It calls done with the number of records read so far.
func Concerned(
	ctx context.Context, c proof.Comparison, from, to *policies.Engine, recorded iter.Seq2[Recorded, error], done func(int),
) (Accounts, error) {
	concerned := &concerning{comparison: c, Accounts: Accounts{Of: make([]map[string]string, len(c.Differences)), Elsewhere: map[string]string{}}}
	for i := range concerned.Of {
		concerned.Of[i] = map[string]string{}
	}
	var err error
	if concerned.from, err = from.Memo(); err == nil {
		concerned.to, err = to.Memo()
	}
	if err != nil {
		return Accounts{}, err
	}
	workers, ctx := errgroup.WithContext(ctx)
	records := make(chan Recorded, batchOf)
	workers.Go(func() error {
		defer close(records)
		n := 0
		for r, err := range recorded {
			if err != nil {
				return err
			}
			if r.Kind != "" && r.Kind != signInKind {
				continue
			}
			select {
			case records <- r:
			case <-ctx.Done():
				return ctx.Err()
			}
			if n++; n%batchOf == 0 {
				done(n)
			}
		}
		return nil
	})
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() error {
			for r := range records {
				if err := concerned.decide(ctx, r); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := workers.Wait(); err != nil {
		return Accounts{}, err
	}
	return concerned.Accounts, nil
}

// concerning is the state of one call of [Concerned].
type concerning struct {
	comparison proof.Comparison
	from, to   *policies.Memo

	mu sync.Mutex
	Accounts
}

// decide decides a sign-in under both sets, and notes the account.
func (a *concerning) decide(ctx context.Context, r Recorded) error {
	var kept struct {
		Input          map[string]any
		Erased, Masked []string
	}
	err := json.Unmarshal(r.Detail, &kept)
	if err != nil || kept.Input == nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.Unreadable++
		return nil
	}
	policies.FillIn(kept.Input)
	s := proof.SignIn{Input: kept.Input}
	s.Was, s.Failed = a.from.InFull(ctx, kept.Input)
	s.Is, s.FailsNow = a.to.InFull(ctx, kept.Input)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var about []int
	otherwise := false
	if s.Failed != nil || s.FailsNow != nil || !reflect.DeepEqual(s.Was, s.Is) {
		about, otherwise = a.comparison.About(s)
	}
	hidden := append(kept.Erased, kept.Masked...)
	id, name := whose(r, kept.Input)
	inexact := a.from.ReadsAny(hidden) || a.to.ReadsAny(hidden)

	a.mu.Lock()
	defer a.mu.Unlock()
	a.Records++
	if inexact {
		a.Inexact++
	}
	for _, i := range about {
		a.Of[i][id] = name
	}
	if otherwise && len(about) == 0 {
		a.Elsewhere[id] = name
	}
	return nil
}

// whose returns the ID and the name of a record's account. If one of them is missing, the other one stands in its place.
func whose(r Recorded, in map[string]any) (id, name string) {
	said, _ := in["account"].(map[string]any)
	known, _ := said["id"].(string)
	called, _ := said["name"].(string)
	name = cmp.Or(r.Name, called, r.Account, known)
	return cmp.Or(r.Account, known, name), name
}
