package live

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"nidan/policies"
	"nidan/policies/proof"
)

// History keeps which sets have decided and which wait, for all processes together and across starts.
type History interface {
	// Last returns the files of the set that began to decide last, and its source in words. Nil: no set has decided yet.
	Last(ctx context.Context) (files []policies.File, source string, err error)
	// Decides records that a set decides from now on. It drops the approvals of other sets, and the sets that wait and were
	// compared with another set.
	Decides(ctx context.Context, a *Active) error
	// Ask makes a set wait for an answer, unless the set waits or has an answer already. It returns the set as it is kept. A
	// rejected set stays rejected whatever set it is compared with.
	Ask(ctx context.Context, w Waiting) (Waiting, error)
	// Withdraw forgets the sets of a source and their answers, except one revision: the source now offers this one.
	Withdraw(ctx context.Context, source, except string) error
	// Waiting returns the sets that wait, and the sets that have an answer.
	Waiting(ctx context.Context) ([]Waiting, error)
}

// Remember sets the history. Call it before the first set is offered. It is required if loosening takes approval.
func (p *Policies) Remember(h History) { p.history = h }

// before returns the set that a new set is compared with: the deciding set, or at a start the set that decided last, whatever its
// source was. Otherwise an attacker could change the policies and wait for a restart, where they would be compared with nothing.
// Nil: no set has decided yet.
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

// candidate returns a set that may decide later. It has no engine yet.
func (p *Policies) candidate(set *policies.Set, source Source) *Active {
	a := &Active{Revision: set.Revision(), Name: set.Name(), Source: source}
	a.report = sync.OnceValue(func() policies.Report {
		report, _ := policies.RunTests(context.Background(), set) // the report contains failed tests
		return report
	})
	a.table = sync.OnceValues(func() (proof.Table, error) {
		return proof.TableOf(context.Background(), a.engine, policies.Questions()[0], proof.Bounds{Time: tableWithin})
	})
	return a
}
