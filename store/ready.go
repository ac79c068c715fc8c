package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nidan/challenge"
	"nidan/exchange"
)

// probe is the account, the flow and the challenge of the rows that [Store.Ready] writes. Kratos uses UUIDs, so no real row has these
// values.
const probe = "readiness"

// Ready returns nil if a sign-in could be recorded now. It writes a row to each table that a sign-in writes to, and deletes these
// rows again. It returns an error if the database can only be read, or if a newer program has changed the tables so far that this
// program cannot use them, because then no sign-in can be let in.
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

// writeProbe writes the rows of a sign-in. The record gets the ID 0, which no other record has. If the database gave it the next ID,
// the other IDs would have gaps, and a gap looks as if somebody had removed records.
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
	t.queued = false // the message is deleted in the same unit of work, so the mail worker need not look for it
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
