package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// WrongCodes implements [challenge.Limits].
func (t *tx) WrongCodes(ctx context.Context, account string) (int, error) {
	return wrongCodes(ctx, t.Tx, account)
}

// AccountWrongCodes implements [challenge.Overview].
func (s *Store) AccountWrongCodes(ctx context.Context, account string) (int, error) {
	return wrongCodes(ctx, s.db, account)
}

func wrongCodes(ctx context.Context, q queryer, account string) (n int, err error) {
	err = q.QueryRowContext(ctx, `SELECT wrong_codes FROM accounts WHERE account_id = $1`, account).Scan(&n)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read an account: %w", err)
	}
	return n, nil
}

// SetWrongCodes implements [challenge.Limits].
func (t *tx) SetWrongCodes(ctx context.Context, account string, n int) error {
	_, err := t.ExecContext(ctx, `INSERT INTO accounts (account_id, wrong_codes) VALUES ($1, $2)
		ON CONFLICT (account_id) DO UPDATE SET wrong_codes = excluded.wrong_codes`, account, n)
	if err != nil {
		return fmt.Errorf("write an account: %w", err)
	}
	return nil
}

// PasswordChanged implements [challenge.Passwords].
func (t *tx) PasswordChanged(ctx context.Context, account string) (time.Time, error) {
	var at int64
	err := t.QueryRowContext(ctx, `SELECT password_changed_at FROM accounts WHERE account_id = $1`, account).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) || err == nil && at == 0 {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read an account: %w", err)
	}
	return fromMicro(at), nil
}

// SetPasswordChanged implements [challenge.Passwords].
func (t *tx) SetPasswordChanged(ctx context.Context, account string, at time.Time) error {
	_, err := t.ExecContext(ctx, `INSERT INTO accounts (account_id, wrong_codes, password_changed_at) VALUES ($1, 0, $2)
		ON CONFLICT (account_id) DO UPDATE SET password_changed_at = excluded.password_changed_at`, account, at.UnixMicro())
	if err != nil {
		return fmt.Errorf("write an account: %w", err)
	}
	return nil
}
