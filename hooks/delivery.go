package hooks

import (
	"context"
	"errors"
	"fmt"

	"nidan/challenge"
)

// errOtherBody is a call that poses as the repeat of another one.
var errOtherBody = errors.New("this call was answered before, with another body")

// digestPurpose keeps the digests of bodies apart from all others. They are keyed: a body holds a code, and a plain digest
// of it could be undone by trying every code.
const digestPurpose = "delivery"

// answerOnce answers a call, or repeats the answer it already got.
func (h *Handler) answerOnce(ctx context.Context, tx challenge.Tx, c call, key string) (answer, error) {
	first, err := tx.Delivery(ctx, key)
	switch {
	case errors.Is(err, challenge.ErrNotFound):
	case err != nil:
		return answer{}, fmt.Errorf("look for an earlier answer: %w", err)
	case !h.Keys.VerifyMAC(first.Digest, digestPurpose, c.body):
		return answer{}, errOtherBody
	default:
		return h.repeat(key, first)
	}
	a, err := h.decide(ctx, tx, c)
	if err != nil {
		return answer{}, err
	}
	err = tx.AddDelivery(ctx, challenge.Delivery{
		Key: key, Digest: h.Keys.MAC(digestPurpose, c.body), Status: a.status,
		Body: h.Keys.Seal(string(a.body), digestPurpose+" "+key), At: h.Now(),
	})
	if err != nil {
		return answer{}, fmt.Errorf("keep the answer: %w", err)
	}
	return a, nil
}

// repeat gives an answer again. It was kept sealed: one that gives a device its token must not do so to whoever reads the
// database.
func (h *Handler) repeat(key string, first *challenge.Delivery) (answer, error) {
	body, err := h.Keys.Open(first.Body, digestPurpose+" "+key)
	if err != nil {
		return answer{}, fmt.Errorf("repeat an answer: %w", err)
	}
	return answer{status: first.Status, body: []byte(body)}, nil
}
