package live

import (
	"context"
	"errors"
	"fmt"

	"nidan/policies"
	"nidan/policies/proof"
)

// Require is what a set from outside has to hold besides what the gate asks of each.
type Require struct {
	Coverage   int  // of the rules by the tests, in percent
	Invariants bool // it is proven that something valid is decided on each input there can be, and that the invariants hold
}

// Require has sets that are offered from now on hold that, too. It is not safe once policies are being offered.
func (p *Policies) Require(r Require) { p.require = r }

// of says what a set that passed the gate does not hold.
func (r Require) of(ctx context.Context, e *policies.Engine, report policies.Report) error {
	var wrong []error
	if report.Coverage < float64(r.Coverage) {
		wrong = append(wrong, fmt.Errorf("the tests reach %.1f %% of the rules, and %d %% are required", report.Coverage, r.Coverage))
	}
	if r.Invariants {
		p, err := proof.Prove(ctx, e, proof.Bounds{})
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
