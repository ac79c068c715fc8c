package exchange

import (
	"context"

	"nidan/challenge"
	"nidan/records"
	"nidan/settings"
)

// Store keeps what a second step needs across requests, processes and crashes.
type Store interface {
	// Situation is what a decision on a call rests on, beside whatever is being written: when something is done about it, it may
	// not be so any more.
	Situation(ctx context.Context, c Call) (Situation, error)
	// Update runs fn in one transaction: all of what fn wrote is kept, durably, when Update returns nil, and none of it
	// otherwise. No two calls for the same account run at once, in this process or in another, so fn need not fear that
	// what it has read changes under it.
	Update(ctx context.Context, account string, fn func(Tx) error) error
}

// Tx is one unit of work on a [Store].
type Tx interface {
	// Situation is as in [Store], and stays as it is until the unit of work ends.
	Situation(ctx context.Context, c Call) (Situation, error)
	challenge.Tx
	Deliveries
	SignIns
	records.Writer
	settings.Switches
}
