package contract

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/store/postgrestest"
)

// These tests break the program on purpose: the check must find each breach. A check that never fails would prove nothing.
func TestACallThatIsNotCarriedOutAsTheContractSaysIsFound(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	databases := 0
	for name, broken := range map[string]breach{
		"two calls for an account are carried out at once":      func(s exchange.Store) exchange.Store { return &unlocked{Store: s} },
		"what was answered is not durable":                      func(s exchange.Store) exchange.Store { return forgetful{s} },
		"a code is accepted after its time":                     eachUnit(late),
		"a challenge is used that has ended":                    eachUnit(reopened),
		"a try is not counted":                                  eachUnit(uncounted),
		"a wrong code does not count against the account":       eachUnit(unblamed),
		"a repeat is answered anew":                             eachUnit(amnesiac),
		"a code is accepted on what was true before a password": eachUnit(oldFacts),
	} {
		databases++
		t.Run(name, func(t *testing.T) {
			s := newScene(t, server, fmt.Sprint("breach_", databases), broken)
			const most = 40
			for n := range most {
				if porcupine.CheckOperationsTimeout(model, s.round(n), within) == porcupine.Illegal {
					t.Logf("found in round %d", n+1)
					return
				}
			}
			t.Errorf("not found in %d rounds", most)
		})
	}
}

// unlocked takes a different lock for each transaction, so that transactions of one account run at the same time.
type unlocked struct {
	exchange.Store
	n atomic.Int64
}

func (u *unlocked) Update(ctx context.Context, account string, fn func(exchange.Tx) error) error {
	return u.Store.Update(ctx, fmt.Sprint(account, " ", u.n.Add(1)), fn)
}

// forgetful reports success without committing.
type forgetful struct{ exchange.Store }

func (f forgetful) Update(ctx context.Context, account string, fn func(exchange.Tx) error) error {
	done := false
	err := f.Store.Update(ctx, account, func(tx exchange.Tx) error {
		err := fn(tx)
		done = err == nil
		return err
	})
	if done {
		return nil
	}
	return err
}

// eachUnit breaks each transaction.
func eachUnit(broken func(exchange.Tx) exchange.Tx) breach {
	return func(s exchange.Store) exchange.Store { return units{s, broken} }
}

type units struct {
	exchange.Store
	broken func(exchange.Tx) exchange.Tx
}

func (u units) Update(ctx context.Context, account string, fn func(exchange.Tx) error) error {
	return u.Store.Update(ctx, account, func(tx exchange.Tx) error { return fn(u.broken(tx)) })
}

// latest changes the challenge that a submission continues from.
type latest struct {
	exchange.Tx
	change func(*challenge.Challenge)
}

func (l latest) LatestChallenge(ctx context.Context, account, flow string) (*challenge.Challenge, error) {
	found, err := l.Tx.LatestChallenge(ctx, account, flow)
	if err == nil {
		l.change(found)
	}
	return found, err
}

// The breaches within a transaction.
func late(tx exchange.Tx) exchange.Tx {
	return latest{tx, func(c *challenge.Challenge) { c.ExpiresAt = c.ExpiresAt.Add(time.Hour) }}
}

func reopened(tx exchange.Tx) exchange.Tx {
	return stayingOpen{latest{tx, func(c *challenge.Challenge) {
		if c.Closed == challenge.ClosedPassed {
			c.Closed = ""
		}
	}}}
}

type stayingOpen struct{ exchange.Tx }

func (s stayingOpen) CountAttempt(ctx context.Context, id string) (bool, error) { return true, nil }

func (s stayingOpen) CloseChallenge(ctx context.Context, id string, how challenge.Closing, at time.Time) (bool, error) {
	_, err := s.Tx.CloseChallenge(ctx, id, how, at)
	return true, err
}

func uncounted(tx exchange.Tx) exchange.Tx { return notCounting{tx} }

type notCounting struct{ exchange.Tx }

func (notCounting) CountAttempt(context.Context, string) (bool, error) { return true, nil }

func unblamed(tx exchange.Tx) exchange.Tx { return notBlaming{tx} }

type notBlaming struct{ exchange.Tx }

func (notBlaming) AddWrongCode(context.Context, string, string, time.Time) error { return nil }

func amnesiac(tx exchange.Tx) exchange.Tx { return notRepeating{tx} }

type notRepeating struct{ exchange.Tx }

func (n notRepeating) Situation(ctx context.Context, c exchange.Call) (exchange.Situation, error) {
	s, err := n.Tx.Situation(ctx, c)
	s.Answered = false
	return s, err
}

func (n notRepeating) AddDelivery(context.Context, exchange.Delivery) error { return nil }

func oldFacts(tx exchange.Tx) exchange.Tx { return notChanging{tx} }

type notChanging struct{ exchange.Tx }

func (notChanging) SetPasswordChanged(context.Context, string, time.Time) error { return nil }
