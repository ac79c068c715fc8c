package exchange

import (
	"context"
	"time"
)

// Delivery is a call from Kratos that was answered. Kratos may make the same call up to three times.
type Delivery struct {
	Key    string    // what tells one call from another
	Digest []byte    // keyed digest of its body: the same key with another body is not a repeat
	Status int       // of the answer
	Body   []byte    // of the answer, sealed
	At     time.Time // when it was first answered
}

// Deliveries are the calls that were answered, of a [Tx].
type Deliveries interface {
	// Delivery returns the answer already given to the delivery of this key, or [challenge.ErrNotFound].
	Delivery(ctx context.Context, key string) (*Delivery, error)
	AddDelivery(ctx context.Context, d Delivery) error
}
