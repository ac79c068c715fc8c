package challenge

import "errors"

// ErrNotFound is returned for what the store does not hold.
var ErrNotFound = errors.New("not found")

// Tx is the part of a transaction that a second step needs. Whoever calls the [Challenger] opens the transaction and ends it: what a
// method of the Challenger wrote is kept as a whole or not at all.
type Tx interface {
	Challenges
	Limits
	Passwords
	Devices
	Sender
}
