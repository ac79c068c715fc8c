package console

import (
	"context"
	"errors"
	"fmt"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/kratos"
	"nidan/policies"
	"nidan/records"
	"nidan/server/session"
)

// AccountDetail is all that there is to see of an account.
type AccountDetail struct {
	Account
	Devices    []challenge.Device
	WrongCodes int              // that count against the account
	Records    []records.Record // the last 50
}

// find looks an account up, for somebody who may see which there are, or returns [kratos.ErrGone]. Who may not is refused before
// anything is looked up: neither the answer nor the time that it takes tells whether there is such an account.
func (c *Console) find(ctx context.Context, who session.Visitor, id string) (Account, error) {
	if err := c.May(ctx, who, policies.ViewAccounts, nil); err != nil {
		return Account{ID: id}, err
	}
	identity, err := c.Kratos.Account(ctx, id)
	if err != nil {
		return Account{ID: id}, err
	}
	return c.account(identity), nil
}

// Account is one account, or [kratos.ErrGone].
func (c *Console) Account(ctx context.Context, who session.Visitor, id string) (AccountDetail, error) {
	a, err := c.find(ctx, who, id)
	if err != nil {
		return AccountDetail{}, err
	}
	if err := c.May(ctx, who, policies.ViewAccount, &a); err != nil {
		return AccountDetail{}, err
	}
	return c.detail(ctx, a)
}

// Name is what an account is called.
func (c *Console) Name(ctx context.Context, who session.Visitor, id string) (string, error) {
	a, err := c.find(ctx, who, id)
	if err != nil {
		return "", err
	}
	return a.Person.Account, c.May(ctx, who, policies.ViewAccount, &a)
}

// Self is the account of whoever asks.
func (c *Console) Self(ctx context.Context, who session.Visitor) (AccountDetail, error) {
	if err := c.May(ctx, who, policies.ViewOwnAccount, nil); err != nil {
		return AccountDetail{}, err
	}
	return c.detail(ctx, c.account(c.withFactors(ctx, who.Identity)))
}

// withFactors is an account that was read from a session, with what only Kratos' admin API tells. Without that, it is not told.
func (c *Console) withFactors(ctx context.Context, id kratos.Identity) kratos.Identity {
	if found, err := c.Kratos.Account(ctx, id.ID); err == nil {
		id.Factors = found.Factors
	}
	return id
}

func (c *Console) detail(ctx context.Context, a Account) (AccountDetail, error) {
	d := AccountDetail{Account: a}
	var devices, wrong, recorded error
	d.Devices, devices = c.Store.AccountDevices(ctx, a.ID)
	d.WrongCodes, wrong = c.Store.AccountWrongCodes(ctx, a.ID)
	d.Records, recorded = c.Store.Records(ctx, records.Filter{Account: a.ID, Limit: 50})
	return d, errors.Join(devices, wrong, recorded)
}

// Change is what an account's flag is to become.
type Change struct {
	ID  string
	Was bool // what whoever asks has seen
	On  bool
}

// MostChanges are as many as may be asked for at once.
const MostChanges = 1000

// Changed is what became of a [Change]. Err is [kratos.ErrChanged] where the flag no longer was what had been seen.
type Changed struct {
	Change
	Account Account
	Err     error
}

// Why is a stable symbol for why the change was not made, empty where it was. Refused says that it is the policies' reason.
func (c Changed) Why() (symbol string, refused bool) {
	var refusal *Refusal
	switch {
	case c.Err == nil:
		return "", false
	case errors.As(c.Err, &refusal):
		return refusal.Reason, true
	case errors.Is(c.Err, kratos.ErrGone):
		return "not_found", false
	case errors.Is(c.Err, kratos.ErrChanged):
		return "changed_meanwhile", false
	case errors.Is(c.Err, ErrInvalid):
		return "unreadable", false
	}
	return "unavailable", false
}

// Switch changes the flags of any number of accounts, each by itself: what cannot be done for one does not keep it from the
// others.
func (c *Console) Switch(ctx context.Context, who session.Visitor, changes []Change) []Changed {
	done := make([]Changed, len(changes))
	for i, change := range changes {
		a, err := c.find(ctx, who, change.ID)
		if err == nil {
			err = c.switchOne(ctx, who, a, change)
		}
		done[i] = Changed{Change: change, Account: a, Err: err}
		if why, _ := done[i].Why(); why == "unavailable" {
			c.Log.ErrorContext(ctx, "an account was not switched", "account", change.ID, "err", done[i].Err)
		}
	}
	return done
}

// SwitchSelf changes the flag of whoever asks.
func (c *Console) SwitchSelf(ctx context.Context, who session.Visitor, change Change) error {
	change.ID = who.Identity.ID
	return c.switchOne(ctx, who, c.account(who.Identity), change)
}

// MaySwitch says whether somebody may change an account's flag to what it is not, or returns a [Refusal].
func (c *Console) MaySwitch(ctx context.Context, who session.Visitor, a Account) error {
	return c.May(ctx, who, switching(who, a, !a.Person.TwoFactor), &a)
}

// switching is what changing the flag of an account is called. One's own is told from others': other rules decide on it.
func switching(who session.Visitor, a Account, on bool) policies.ConsoleAction {
	switch own := a.ID == who.Identity.ID; {
	case own && on:
		return policies.SwitchOwnOn
	case own:
		return policies.SwitchOwnOff
	case on:
		return policies.SwitchAccountOn
	}
	return policies.SwitchAccountOff
}

// switchOne records what is to be done, has Kratos do it, and records how it ended. A record that promises too much is
// better than a change without one.
func (c *Console) switchOne(ctx context.Context, who session.Visitor, a Account, change Change) error {
	if a.Unreadable != "" {
		return fmt.Errorf("%w: %s", ErrInvalid, a.Unreadable)
	}
	if err := c.May(ctx, who, switching(who, a, change.On), &a); err != nil {
		return err
	}
	if a.Person.TwoFactor != change.Was {
		return kratos.ErrChanged
	}
	detail := func(exchange.Tx) (map[string]any, error) {
		return map[string]any{"from": change.Was, "to": change.On}, nil
	}
	if err := c.keep(ctx, who, "account_switched", &a, "requested", detail); err != nil {
		return err
	}
	failed := c.Kratos.SetFlag(ctx, a.identity, c.Identity.TwoFactor, change.On)
	state := "changed"
	if failed != nil {
		state = "failed"
	}
	err := c.keep(ctx, who, "account_switched", &a, state, func(tx exchange.Tx) (map[string]any, error) {
		d, err := detail(tx)
		if err == nil && failed == nil && !change.On {
			d["devices_forgotten"], err = tx.ForgetDevices(ctx, a.ID)
		}
		return d, err
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		return err
	}
	c.Log.InfoContext(ctx, "account switched", "account", a.ID, "on", change.On, "by", who.Person.Account)
	return nil
}
