package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nidan/challenge"
	"nidan/exchange"
)

// probe is the account, the flow and the challenge of the rows that [Store.Ready] writes. Nothing in Kratos is called so.
const probe = "readiness"

// Ready says whether a sign-in could be recorded now, by writing wherever one writes, and taking all of that away again. A database that
// can only be read lets nobody in, and so does one that a newer program has changed beyond what this one understands.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.Check(ctx); err != nil {
		return err
	}
	err := s.update(ctx, probe, func(t *tx) error {
		if err := t.writeProbe(ctx, s.db.dialect()); err != nil {
			return err
		}
		return t.takeProbeAway(ctx)
	})
	if err != nil {
		return fmt.Errorf("write to the database: %w", err)
	}
	return nil
}

// writeProbe writes what a sign-in does. The record gets an id that no other one has: the ids of the others have no gaps, which would
// look as if records were missing.
func (t *tx) writeProbe(ctx context.Context, d dialect) error {
	at, token := time.Unix(0, 0), []byte(probe)
	err := errors.Join(
		t.AddChallenge(ctx, &challenge.Challenge{
			ID: probe, Account: probe, Flow: probe, Facts: token, CodeMAC: token, IssuedAt: at, ExpiresAt: at, ResendAt: at,
		}),
		t.Send(ctx, challenge.Message{Challenge: probe, ExpiresAt: at}),
		t.AddDelivery(ctx, exchange.Delivery{Key: probe, Digest: token, At: at}),
		t.AddSignIn(ctx, exchange.SignIn{Account: probe, AuthenticatedAt: at}),
		t.AddWrongCode(ctx, probe, probe, at),
		t.RememberDevice(ctx, challenge.Device{Account: probe, TokenHash: token, VerifiedAt: at}),
		t.add(ctx, `INSERT INTO records (id, at, kind, account_id, flow_id, challenge_id, state, reason, revision) `+d.givenID+`
			VALUES (0, 0, '', $1, $1, $1, '', '', '')`, probe),
	)
	t.queued = false // nobody is to look for a message that is gone at once
	return err
}

func (t *tx) takeProbeAway(ctx context.Context) error {
	var errs []error
	for table, column := range map[string]string{
		"challenges": "account_id", "mails": "challenge_id", "deliveries": "key", "sign_ins": "account_id", "wrong_codes": "account_id",
		"devices": "account_id", "records": "account_id",
	} {
		errs = append(errs, t.add(ctx, fmt.Sprintf(`DELETE FROM %s WHERE %s = $1`, table, column), probe))
	}
	return errors.Join(errs...)
}
