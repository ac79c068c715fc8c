package live

import (
	"context"
	"errors"
	"fmt"

	"nidan/policies"
	"nidan/policies/proof"
)

// Require says what a set from outside must fulfil in addition to the gate.
type Require struct {
	Tests    int // the least number of tests
	Coverage int // of the rules, by the tests, in percent
	// Invariants requires a proof that there is a valid decision for each possible input, and that the invariants hold: those of
	// the set itself, and those of the set that decides now or, at a start, decided last.
	Invariants bool
	// Loosening says what happens to a set that loosens something: [LooseningAllow], which is also the meaning of "", or
	// [LooseningApprove].
	Loosening string
}

// Require sets the requirements for the sets that are offered from now on. Call it before sets are offered: it is not safe for
// concurrent use.
func (p *Policies) Require(r Require) { p.require = r }

// of returns an error for each requirement that a set does not fulfil. Last is the set whose invariants must hold, too; nil: none.
func (r Require) of(ctx context.Context, e *policies.Engine, report policies.Report, last *Active) error {
	var wrong []error
	if len(report.Tests) < r.Tests {
		wrong = append(wrong, fmt.Errorf("there are %d tests, and %d are required", len(report.Tests), r.Tests))
	}
	if report.Coverage < float64(r.Coverage) {
		wrong = append(wrong, fmt.Errorf("the tests reach %.1f %% of the rules, and %d %% are required", report.Coverage, r.Coverage))
	}
	if r.Invariants {
		before := e
		if last != nil {
			before = last.engine
		}
		p, err := proof.ProveBoth(ctx, before, e, proof.Bounds{})
		if err != nil {
			return fmt.Errorf("%w: prove the invariants: %w", policies.ErrRefused, err)
		}
		for _, f := range p.Fails {
			wrong = append(wrong, fmt.Errorf("%s fails: %s: %s", f.Question, f.Condition(), f.Error))
		}
		for _, b := range p.Broken {
			wrong = append(wrong, fmt.Errorf("%s: an invariant does not hold: %s", b.Where, b.Never))
		}
		if !p.Certain {
			wrong = append(wrong, fmt.Errorf("it is not proven that the invariants hold: %q", p.Missing))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", policies.ErrRefused, errors.Join(wrong...))
}
