package hooks

import (
	"context"
	"errors"
	"fmt"

	"nidan/exchange"
)

// errOtherBody is a call that poses as the repeat of another one.
var errOtherBody = errors.New("this call was answered before, with another body")

// digestPurpose keeps the digests of bodies apart from all others. They are keyed: a body holds a code, and a plain digest
// of it could be undone by trying every code.
const digestPurpose = "delivery"

// repeat gives the answer again that the call got first. It was kept sealed: one that gives a device its token must not do so to
// whoever reads the database.
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

// keepAnswer keeps an answer for the call's repeats.
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
