package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"nidan/challenge"
	"nidan/exchange"
)

type tx struct {
	executor
	queued bool // the unit of work has queued a message
}

var _ exchange.Tx = (*tx)(nil)

// LatestChallenge implements [challenge.Challenges].
func (t *tx) LatestChallenge(ctx context.Context, account, flow string) (*challenge.Challenge, error) {
	c := challenge.Challenge{Account: account, Flow: flow}
	var issued, expires, resend int64
	var failed, waits bool
	err := t.row(ctx, latestOf(`id, channel, sent_to, facts, reserved, code_mac, code_length, attempts, max_attempts,
			remember_days, issued_at, expires_at, resend_at, closed, mail_failed,
			EXISTS (SELECT 1 FROM mails WHERE mails.challenge_id = challenges.id)`, "$1", "$2"), account, flow).
		Scan(&c.ID, &c.Channel, &c.SentTo, &c.Facts, &c.Reserved, &c.CodeMAC, &c.CodeLength, &c.Attempts, &c.MaxAttempts,
			&c.RememberDays, &issued, &expires, &resend, &c.Closed, &failed, &waits)
	if err != nil {
		return nil, notRead("read a challenge", err)
	}
	switch {
	case failed:
		c.Mail = challenge.MailFailed
	case waits:
		c.Mail = challenge.MailWaiting
	}
	c.IssuedAt, c.ExpiresAt, c.ResendAt = fromMicro(issued), fromMicro(expires), fromMicro(resend)
	return &c, nil
}

// AddChallenge implements [challenge.Challenges].
func (t *tx) AddChallenge(ctx context.Context, c *challenge.Challenge) error {
	err := t.add(ctx, `INSERT INTO challenges (id, account_id, flow_id, channel, sent_to, facts, reserved, code_mac,
			code_length, attempts, max_attempts, remember_days, issued_at, expires_at, resend_at, closed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		c.ID, c.Account, c.Flow, c.Channel, c.SentTo, c.Facts, c.Reserved, c.CodeMAC, c.CodeLength, c.Attempts, c.MaxAttempts,
		c.RememberDays, c.IssuedAt.UnixMicro(), c.ExpiresAt.UnixMicro(), c.ResendAt.UnixMicro(), string(c.Closed))
	if err != nil {
		return fmt.Errorf("write a challenge: %w", err)
	}
	return nil
}

// CountAttempt implements [challenge.Challenges].
func (t *tx) CountAttempt(ctx context.Context, id string) (bool, error) {
	return t.exactlyOne(ctx, `UPDATE challenges SET attempts = attempts + 1
		WHERE id = $1 AND closed = '' AND attempts < max_attempts`, id)
}

// CloseChallenge implements [challenge.Challenges].
func (t *tx) CloseChallenge(ctx context.Context, id string, how challenge.Closing, at time.Time) (bool, error) {
	return t.exactlyOne(ctx, `UPDATE challenges SET closed = $2, closed_at = $3 WHERE id = $1 AND closed = ''`,
		id, string(how), at.UnixMicro())
}

// exactlyOne runs a guarded statement, and says whether it changed exactly one row.
func (t *tx) exactlyOne(ctx context.Context, query string, args ...any) (bool, error) {
	n, err := t.exec(ctx, query, args...)
	if err != nil {
		return false, fmt.Errorf("update a row: %w", err)
	}
	return n == 1, nil
}

// CodesSince implements [challenge.Limits].
func (t *tx) CodesSince(ctx context.Context, account string, reserved bool, since time.Time) (sent []time.Time, err error) {
	err = each(ctx, t, func(r row) error {
		var at int64
		err := r.Scan(&at)
		sent = append(sent, fromMicro(at))
		return err
	}, `SELECT issued_at FROM challenges WHERE account_id = $1 AND reserved = $2 AND issued_at > $3 ORDER BY issued_at`,
		account, reserved, since.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("read when codes were sent: %w", err)
	}
	return sent, nil
}

// Delivery implements [exchange.Deliveries].
func (t *tx) Delivery(ctx context.Context, key string) (*exchange.Delivery, error) {
	d := exchange.Delivery{Key: key}
	var at int64
	err := t.row(ctx, `SELECT digest, status, body, at FROM deliveries WHERE key = $1`, key).
		Scan(&d.Digest, &d.Status, &d.Body, &at)
	if err != nil {
		return nil, notRead("read an answer", err)
	}
	d.At = fromMicro(at)
	return &d, nil
}

// AddDelivery implements [exchange.Deliveries].
func (t *tx) AddDelivery(ctx context.Context, d exchange.Delivery) error {
	err := t.add(ctx, `INSERT INTO deliveries (key, digest, status, body, at) VALUES ($1, $2, $3, $4, $5)`,
		d.Key, d.Digest, d.Status, notNil(d.Body), d.At.UnixMicro())
	if err != nil {
		return fmt.Errorf("write an answer: %w", err)
	}
	return nil
}

// notRead returns the error of a query for one row: [challenge.ErrNotFound] if there is no row, else err with what was being done.
func notRead(what string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return challenge.ErrNotFound
	}
	return fmt.Errorf("%s: %w", what, err)
}

func fromMicro(t int64) time.Time { return time.UnixMicro(t).UTC() }

// notNil turns nil into an empty slice, because the column does not allow NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
