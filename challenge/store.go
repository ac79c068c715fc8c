package challenge

import "errors"

// ErrNotFound is returned for what the store does not hold.
var ErrNotFound = errors.New("not found")

// Tx is the part of a transaction that a second step needs. The caller of the [Challenger] begins the transaction and ends it: everything
// that a method of the Challenger wrote is stored, or nothing.
type Tx interface {
	Challenges
	Limits
	Passwords
	Devices
	Sender
}
