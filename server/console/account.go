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

// AccountDetail is an account with everything that the console shows about it.
type AccountDetail struct {
	Account
	Devices    []challenge.Device
	WrongCodes int              // wrong codes that count against the account
	Records    []records.Record // the last 50
}

// find returns an account, if the visitor may see the list of accounts, or [kratos.ErrGone] if there is no such account. A visitor
// who may not is refused before the account is looked up, so that neither the answer nor its time reveals whether the account exists.
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

// Account returns an account, or [kratos.ErrGone].
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

// Name returns the name of an account.
func (c *Console) Name(ctx context.Context, who session.Visitor, id string) (string, error) {
	a, err := c.find(ctx, who, id)
	if err != nil {
		return "", err
	}
	return a.Person.Account, c.May(ctx, who, policies.ViewAccount, &a)
}

// Self returns the visitor's own account.
func (c *Console) Self(ctx context.Context, who session.Visitor) (AccountDetail, error) {
	if err := c.May(ctx, who, policies.ViewOwnAccount, nil); err != nil {
		return AccountDetail{}, err
	}
	return c.detail(ctx, c.account(c.withFactors(ctx, who.Identity)))
}

// withFactors adds the second factors to an account that was read from a session. Only Kratos' admin API knows them. If it does not
// answer, they stay unknown.
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

// Change is a change of an account's flag.
type Change struct {
	ID  string
	Was bool // value of the flag that the visitor has seen
	On  bool
}

// MostChanges is the maximum number of changes in one request.
const MostChanges = 1000

// Changed is the result of a [Change]. Err is [kratos.ErrChanged] if somebody else has changed the flag after the visitor had seen
// it.
type Changed struct {
	Change
	Account Account
	Err     error
}

// Why returns a stable symbol for the reason why the change was not made. It is empty if the change was made. The result refused is
// true if the policies gave the reason.
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

// Switch changes the flags of several accounts, each by itself: an error for one account does not stop the changes of the others.
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

// SwitchSelf changes the flag of the visitor's own account.
func (c *Console) SwitchSelf(ctx context.Context, who session.Visitor, change Change) error {
	change.ID = who.Identity.ID
	return c.switchOne(ctx, who, c.account(who.Identity), change)
}

// MaySwitch returns nil if the visitor may change an account's flag to the other value. Otherwise it returns a [Refusal].
func (c *Console) MaySwitch(ctx context.Context, who session.Visitor, a Account) error {
	return c.May(ctx, who, switching(who, a, !a.Person.TwoFactor), &a)
}

// switching returns the name of the action that changes an account's flag. The visitor's own account has actions of its own, because
// other rules decide on them.
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

// switchOne records what is to be done, makes the change in Kratos, and records the result. If the process dies in between, there is
// a record of a change that was not made. This is better than a change without a record.
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
