package hooks

import (
	"context"
	"errors"
	"fmt"

	"nidan/exchange"
)

// errOtherBody refuses a call with the key of an answered call and another body.
var errOtherBody = errors.New("this call was answered before, with another body")

// digestPurpose is the purpose of the MAC of a body. A hash without a key would not do: a body can hold a code, and a thief of the database
// could try all codes.
const digestPurpose = "delivery"

// repeat returns the first answer of the call. Answers are stored encrypted: an answer can hold a device token, which a reader of the
// database must not get.
func (s *signIn) repeat(ctx context.Context, tx exchange.Deliveries) (answer, error) {
	first, err := tx.Delivery(ctx, s.key.Delivery)
	if err != nil {
		return answer{}, fmt.Errorf("read the earlier answer: %w", err)
	}
	if !s.Keys.VerifyMAC(first.Digest, digestPurpose, s.call.body) {
		return answer{}, errOtherBody
	}
	body, err := s.Keys.Open(first.Body, digestPurpose+" "+s.key.Delivery)
	if err != nil {
		return answer{}, fmt.Errorf("repeat an answer: %w", err)
	}
	return answer{status: first.Status, body: []byte(body)}, nil
}

// keepAnswer stores the answer for repeats of the call.
func (s *signIn) keepAnswer(ctx context.Context, tx exchange.Deliveries, a answer) error {
	err := tx.AddDelivery(ctx, exchange.Delivery{
		Key: s.key.Delivery, Digest: s.Keys.MAC(digestPurpose, s.call.body), Status: a.status,
		Body: s.Keys.Seal(string(a.body), digestPurpose+" "+s.key.Delivery), At: s.Now(),
	})
	if err != nil {
		return fmt.Errorf("keep the answer: %w", err)
	}
	return nil
}
