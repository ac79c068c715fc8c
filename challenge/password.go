package challenge

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// PasswordChanged does what follows from a new password: each remembered device is forgotten, and no code that is out is
// accepted any more. Whoever knew the old password may have been remembered with it.
func (c *Challenger) PasswordChanged(ctx context.Context, tx Tx, account, name string) error {
	now := c.now()
	forgotten, err := tx.ForgetDevices(ctx, account)
	if err != nil {
		return fmt.Errorf("forget the account's devices: %w", err)
	}
	if err := tx.SetPasswordChanged(ctx, account, now); err != nil {
		return fmt.Errorf("keep the date of the password: %w", err)
	}
	detail, err := json.Marshal(map[string]int{"devices_forgotten": forgotten})
	if err != nil {
		return fmt.Errorf("encode the record: %w", err)
	}
	return tx.AddRecord(ctx, Record{
		At: now, Kind: "password_changed", Account: account, Name: name, State: "devices_forgotten", Detail: detail,
	})
}

// AddressChanged does what follows from another address: each remembered device is forgotten. Whoever read the mail at the old one may
// have been remembered with it. A code that is out is dead by itself: it is bound to its address.
func (c *Challenger) AddressChanged(ctx context.Context, tx Tx, account, name string) error {
	forgotten, err := tx.ForgetDevices(ctx, account)
	if err != nil {
		return fmt.Errorf("forget the account's devices: %w", err)
	}
	detail, err := json.Marshal(map[string]int{"devices_forgotten": forgotten})
	if err != nil {
		return fmt.Errorf("encode the record: %w", err)
	}
	return tx.AddRecord(ctx, Record{
		At: c.now(), Kind: "devices_forgotten", Account: account, Name: name, State: "address_changed", Detail: detail,
	})
}

// Passwords are what is known of the passwords of a [Tx]'s accounts: when they changed, and nothing else.
type Passwords interface {
	SetPasswordChanged(ctx context.Context, account string, at time.Time) error
}
