package live

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"nidan/policies"
	"nidan/policies/proof"
)

// History knows which sets have decided and which wait: in all processes together, and before this start.
type History interface {
	// Last are the files of the set that began to decide last, and where it came from, in words. Nil: none has decided yet.
	Last(ctx context.Context) (files []policies.File, source string, err error)
	// Decides keeps that a set decides from now on. What was approved of others counts no more, and none waits that was compared with others.
	Decides(ctx context.Context, a *Active) error
	// Ask has a set wait for an answer unless it does or has one, and returns it as it is known. One that was rejected is rejected whatever
	// it is compared with.
	Ask(ctx context.Context, w Waiting) (Waiting, error)
	// Withdraw forgets the sets of a source but one, with their answers: the source has another one now.
	Withdraw(ctx context.Context, source, except string) error
	// Waiting are the sets that wait, and those that have an answer.
	Waiting(ctx context.Context) ([]Waiting, error)
}

// Remember has p know of the sets that have decided. It is called before the first set is offered, and needed where loosening takes approval.
func (p *Policies) Remember(h History) { p.history = h }

// before is the set that a new one is measured by: the one that decides now, and at a start the one that decided last, whatever it came
// from. Otherwise whoever changes the policies and waits for a restart would be measured by nothing. Nil: none has decided yet.
func (p *Policies) before(ctx context.Context) (*Active, error) {
	if a := p.active.Load(); a != nil || p.history == nil {
		return a, nil
	}
	files, source, err := p.history.Last(ctx)
	if err != nil {
		return nil, fmt.Errorf("read which policies decided last: %w", err)
	}
	if files == nil {
		return nil, nil
	}
	set, err := policies.FromFiles(files)
	if err == nil {
		a := p.candidate(set, Source{FromKept, strings.TrimSuffix(source, asKept)})
		if a.engine, err = set.Compile(ctx, p.limit); err == nil {
			return a, nil
		}
	}
	return nil, fmt.Errorf("%w: a new set is measured by the one that decided last, and this program cannot read that one: "+
		"to start without it, set policies.require.invariants to false and policies.require.loosening to allow for one start: %w", policies.ErrRefused, err)
}

// candidate is a set that may come to decide. It has no engine yet.
func (p *Policies) candidate(set *policies.Set, source Source) *Active {
	a := &Active{Revision: set.Revision(), Name: set.Name(), Source: source}
	a.report = sync.OnceValue(func() policies.Report {
		report, _ := policies.RunTests(context.Background(), set) // a test that does not hold is in the report
		return report
	})
	a.table = sync.OnceValues(func() (proof.Table, error) {
		return proof.TableOf(context.Background(), a.engine, policies.Questions()[0], proof.Bounds{Time: tableWithin})
	})
	return a
}
