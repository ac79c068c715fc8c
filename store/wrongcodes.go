package store

import (
	"context"
	"fmt"
	"time"

	"nidan/challenge"
)

// WrongCodes implements [challenge.Limits].
func (t *tx) WrongCodes(ctx context.Context, account string) (int, error) {
	return wrongCodes(ctx, t, account)
}

// AccountWrongCodes returns how many wrong codes count against the account.
func (s *Store) AccountWrongCodes(ctx context.Context, account string) (int, error) {
	return wrongCodes(ctx, s.db, account)
}

func wrongCodes(ctx context.Context, q executor, account string) (n int, err error) {
	err = q.row(ctx, `SELECT count(*) FROM wrong_codes WHERE account_id = $1`, account).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count wrong codes: %w", err)
	}
	return n, nil
}

// AddWrongCode implements [challenge.Limits].
func (t *tx) AddWrongCode(ctx context.Context, account, flow string, at time.Time) error {
	err := t.add(ctx, `INSERT INTO wrong_codes (account_id, flow_id, at, told) VALUES ($1, $2, $3, FALSE)`,
		account, flow, at.UnixMicro())
	if err != nil {
		return fmt.Errorf("write a wrong code: %w", err)
	}
	return nil
}

// ClearWrongCodes implements [challenge.Limits].
func (t *tx) ClearWrongCodes(ctx context.Context, account, flow string) error {
	err := t.add(ctx, `DELETE FROM wrong_codes WHERE account_id = $1 AND (flow_id = $2 OR $2 = '')`, account, flow)
	if err != nil {
		return fmt.Errorf("clear wrong codes: %w", err)
	}
	return nil
}

// ForgetWrongCodes implements [challenge.Limits].
func (t *tx) ForgetWrongCodes(ctx context.Context, account string, before time.Time) (int, error) {
	n, err := t.exec(ctx, `DELETE FROM wrong_codes WHERE account_id = $1 AND at < $2`, account, before.UnixMicro())
	if err != nil {
		return 0, fmt.Errorf("forget wrong codes: %w", err)
	}
	return int(n), nil
}

// UntoldWrongCodes implements [challenge.Limits].
func (t *tx) UntoldWrongCodes(ctx context.Context, account string) (w challenge.WrongCodes, err error) {
	var since int64
	err = t.row(ctx, `SELECT count(*), coalesce(min(at), 0) FROM wrong_codes WHERE account_id = $1 AND NOT told`, account).
		Scan(&w.Count, &since)
	if err != nil {
		return challenge.WrongCodes{}, fmt.Errorf("read wrong codes: %w", err)
	}
	if w.Count > 0 {
		w.Since = fromMicro(since)
	}
	return w, nil
}

// TellWrongCodes implements [challenge.Limits].
func (t *tx) TellWrongCodes(ctx context.Context, account string) error {
	if err := t.add(ctx, `UPDATE wrong_codes SET told = TRUE WHERE account_id = $1`, account); err != nil {
		return fmt.Errorf("write wrong codes: %w", err)
	}
	return nil
}
