package store

import (
	"context"
	"fmt"
	"time"
)

// SetPasswordChanged implements [challenge.Passwords].
func (t *tx) SetPasswordChanged(ctx context.Context, account string, at time.Time) error {
	err := t.add(ctx, `INSERT INTO accounts (account_id, password_changed_at) VALUES ($1, $2)
		ON CONFLICT (account_id) DO UPDATE SET password_changed_at = excluded.password_changed_at`, account, at.UnixMicro())
	if err != nil {
		return fmt.Errorf("write an account: %w", err)
	}
	return nil
}
