package console

import (
	"context"

	"nidan/exchange"
	"nidan/policies"
	"nidan/server/session"
)

// ForgetDevice deletes one remembered device of an account. It returns false if there was no such device.
func (c *Console) ForgetDevice(ctx context.Context, who session.Visitor, id string, tokenHash []byte) (forgotten bool, err error) {
	a, err := c.whoseDevices(ctx, who, id)
	if err != nil {
		return false, err
	}
	err = c.keep(ctx, who, "devices_forgotten", &a, "changed", func(tx exchange.Tx) (map[string]any, error) {
		forgotten, err = tx.ForgetDevice(ctx, a.ID, tokenHash)
		n := 0
		if forgotten {
			n = 1
		}
		return map[string]any{"devices_forgotten": n}, err
	})
	return forgotten, err
}

// ForgetDevices deletes all remembered devices of an account, and returns how many there were.
func (c *Console) ForgetDevices(ctx context.Context, who session.Visitor, id string) (n int, err error) {
	a, err := c.whoseDevices(ctx, who, id)
	if err != nil {
		return 0, err
	}
	err = c.keep(ctx, who, "devices_forgotten", &a, "changed", func(tx exchange.Tx) (map[string]any, error) {
		n, err = tx.ForgetDevices(ctx, a.ID)
		return map[string]any{"devices_forgotten": n}, err
	})
	return n, err
}

// ClearWrongCodes sets an account's number of wrong codes to 0, so that a locked account can be asked for codes again. Somebody may
// have tried to guess codes, so an administrator should look at the records before (NIST SP 800-63B-4 §3.2.2).
func (c *Console) ClearWrongCodes(ctx context.Context, who session.Visitor, id string) error {
	a, err := c.find(ctx, who, id)
	if err != nil {
		return err
	}
	if err := c.May(ctx, who, policies.ClearWrongCodes, &a); err != nil {
		return err
	}
	return c.keep(ctx, who, "wrong_codes_cleared", &a, "changed", func(tx exchange.Tx) (map[string]any, error) {
		n, err := tx.WrongCodes(ctx, a.ID)
		if err != nil {
			return nil, err
		}
		return map[string]any{"from": n, "to": 0}, tx.ClearWrongCodes(ctx, a.ID, "")
	})
}

// whoseDevices returns the account with this ID, if the visitor may delete its devices. Other rules decide on the visitor's own
// account.
func (c *Console) whoseDevices(ctx context.Context, who session.Visitor, id string) (Account, error) {
	if id == who.Identity.ID {
		a := c.account(who.Identity)
		return a, c.May(ctx, who, policies.ForgetOwnDevices, &a)
	}
	a, err := c.find(ctx, who, id)
	if err != nil {
		return Account{}, err
	}
	return a, c.May(ctx, who, policies.ForgetAccountsDevices, &a)
}
