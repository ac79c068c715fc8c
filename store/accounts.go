package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

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
	_, err := t.ExecContext(ctx, `INSERT INTO accounts (account_id, password_changed_at) VALUES ($1, $2)
		ON CONFLICT (account_id) DO UPDATE SET password_changed_at = excluded.password_changed_at`, account, at.UnixMicro())
	if err != nil {
		return fmt.Errorf("write an account: %w", err)
	}
	return nil
}
