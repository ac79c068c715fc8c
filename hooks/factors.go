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

// Factors looks up which second factors of Kratos an account has enrolled.
type Factors interface {
	Factors(ctx context.Context, account string) (kratos.Factors, error)
}

const (
	// factorsWithin is the timeout of the question to Kratos. The person waits for it, and the hook has to answer within [answerWithin].
	factorsWithin = 2 * time.Second
	// factorsKept is how long "the account has a factor" is cached.
	factorsKept = 10 * time.Second
	// mostFactors is the largest number of cached accounts.
	mostFactors = 10_000
)

// KeptFactors is a cache of [Factors]. For a few seconds it keeps the answer that an account has a lasting factor. It is safe for concurrent
// use.
//
// A stale answer is harmless: a person who has just removed the last factor is let in to show a factor, with a session that has no
// capability. The answer "no factor" is never cached: a person who has just enrolled a factor would get a code by mail instead, and the
// code would count as much as the factor.
type KeptFactors struct {
	from Factors
	now  func() time.Time
	kept *lru.Cache[string, keptFactors]
}

type keptFactors struct {
	factors kratos.Factors
	at      time.Time
}

// NewKeptFactors returns a cache of from.
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

// errFactors is the error of a decision that needs the account's factors again after they were looked up, or inside a transaction.
var errFactors = errors.New("the policies need a fact that was not looked up")

// ask asks the policies about the sign-in. If the decision depends on the account's factors, ask looks them up and asks the policies once
// more. Inside a transaction, ask looks nothing up: other sign-ins would wait for Kratos, too.
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
