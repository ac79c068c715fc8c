package hooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"nidan/kratos"
	"nidan/policies"
)

// Factors says which second factors of Kratos' own an account has enrolled.
type Factors interface {
	Factors(ctx context.Context, account string) (kratos.Factors, error)
}

const (
	// factorsWithin is how long Kratos may take to say which factors an account has: the person waits, and the call has to be answered.
	factorsWithin = 2 * time.Second
	// factorsKept is how long it counts that an account has a factor.
	factorsKept = 10 * time.Second
	// mostFactors bounds of how many accounts that is kept.
	mostFactors = 10_000
)

// KeptFactors asks for the factors of an account, and keeps for a few seconds that it has one that lasts. It is safe for concurrent use.
//
// Who has removed the last factor a moment ago is let in for it all the same, with a session that is worth nothing: nobody gets anything
// by that, and it is over within seconds. That an account has no factor is never kept: who has just enrolled one would be mailed a code,
// and the code would be worth as much as the factor.
type KeptFactors struct {
	from Factors
	now  func() time.Time
	kept *lru.Cache[string, keptFactors]
}

type keptFactors struct {
	factors kratos.Factors
	at      time.Time
}

// NewKeptFactors keeps what from says.
func NewKeptFactors(from Factors, now func() time.Time) (*KeptFactors, error) {
	kept, err := lru.New[string, keptFactors](mostFactors)
	if err != nil {
		return nil, fmt.Errorf("make room for factors: %w", err)
	}
	return &KeptFactors{from: from, now: now, kept: kept}, nil
}

// Factors implements [Factors].
func (k *KeptFactors) Factors(ctx context.Context, account string) (kratos.Factors, error) {
	if known, ok := k.kept.Get(account); ok {
		if age := k.now().Sub(known.at); age >= 0 && age < factorsKept {
			return known.factors, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, factorsWithin)
	defer cancel()
	found, err := k.from.Factors(ctx, account)
	if err != nil {
		return kratos.Factors{}, err
	}
	if found.TOTP || found.WebAuthn {
		k.kept.Add(account, keptFactors{found, k.now()})
	} else {
		k.kept.Remove(account)
	}
	return found, nil
}

// errFactors is the error of a decision that still needs what was looked up for it, or that must not wait for it.
var errFactors = errors.New("the policies need a fact that was not looked up")

// ask asks the policies about the sign-in. Where the decision turns on the factors of the account, they are looked up, and it is asked once
// more. Inside a unit of work nothing is looked up: others would wait for Kratos, too.
func (s *signIn) ask(ctx context.Context, in policies.Input, inside bool) (policies.Verdict, error) {
	in.Account.Factors = s.factors
	v, err := s.Policies.Login(ctx, in)
	if err != nil || len(v.Needs) == 0 {
		return v, err
	}
	if inside || s.factors != nil || s.Factors == nil {
		return v, errFactors
	}
	found, err := s.Factors.Factors(ctx, s.key.Account)
	if err != nil {
		return v, fmt.Errorf("look up the account's factors: %w", err)
	}
	s.factors = (*policies.Factors)(&found)
	in.Account.Factors = s.factors
	if v, err = s.Policies.Login(ctx, in); err == nil && len(v.Needs) > 0 {
		err = errFactors
	}
	return v, err
}
