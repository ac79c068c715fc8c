package challenge

import (
	"context"
	"fmt"
	"time"
)

// PasswordChanged does what follows from a new password: every remembered device of the account is forgotten, and a code that was sent
// before is no longer accepted (the date of the password is one of the [Facts]). A thief who knew the old password may have been remembered
// with it. It returns how many devices were forgotten.
func (c *Challenger) PasswordChanged(ctx context.Context, tx Tx, account string) (forgotten int, err error) {
	if forgotten, err = tx.ForgetDevices(ctx, account); err != nil {
		return 0, fmt.Errorf("forget the account's devices: %w", err)
	}
	if err := tx.SetPasswordChanged(ctx, account, c.now()); err != nil {
		return 0, fmt.Errorf("keep the date of the password: %w", err)
	}
	return forgotten, nil
}

// Passwords keeps when the password of an account changed, and nothing else of it.
type Passwords interface {
	SetPasswordChanged(ctx context.Context, account string, at time.Time) error
}
