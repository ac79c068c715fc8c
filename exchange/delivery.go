package exchange

import (
	"context"
	"time"
)

// Delivery is a call from Kratos that was answered. Kratos may deliver one call up to three times; a repeat gets the same answer.
type Delivery struct {
	Key    string    // identifies the call: Ory-Webhook-Trigger-Id, or the flow with session.authenticated_at
	Digest []byte    // MAC of the call's body: the same key with another body is not a repeat
	Status int       // of the answer
	Body   []byte    // of the answer, encrypted by [challenge.Keyring]: the answer may hold a device token
	At     time.Time // when it was first answered
}

// Deliveries reads and writes answered calls.
type Deliveries interface {
	// Delivery returns the answered call with this key, or [challenge.ErrNotFound].
	Delivery(ctx context.Context, key string) (*Delivery, error)
	AddDelivery(ctx context.Context, d Delivery) error
}
