package exchange

import (
	"context"

	"nidan/challenge"
	"nidan/records"
	"nidan/settings"
)

// Store keeps the data of exchanges across requests, processes and crashes.
type Store interface {
	// Situation reads the situation of a call, outside of any transaction: it may change before the answer is written.
	Situation(ctx context.Context, c Call) (Situation, error)
	// Update runs fn in one transaction. If Update returns nil, all that fn wrote is stored durably; otherwise nothing is. At most one Update
	// of an account runs at a time, over all processes, so the data that fn has read does not change until Update returns.
	Update(ctx context.Context, account string, fn func(Tx) error) error
}

// Tx is one transaction on a [Store].
type Tx interface {
	// Situation reads the situation of a call. It does not change before the transaction ends.
	Situation(ctx context.Context, c Call) (Situation, error)
	challenge.Tx
	Deliveries
	SignIns
	records.Writer
	settings.Switches
}
