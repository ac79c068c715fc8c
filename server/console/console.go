package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/hooks"
	"nidan/journal"
	"nidan/kratos"
	"nidan/policies"
	"nidan/policies/live"
	"nidan/records"
	"nidan/server/session"
	"nidan/settings"
)

// Accounts gives access to Kratos' accounts.
type Accounts interface {
	Accounts(ctx context.Context, prefix, from string, size int) (page []kratos.Identity, next string, err error)
	Account(ctx context.Context, id string) (kratos.Identity, error)
	SetFlag(ctx context.Context, as kratos.Identity, pointer string, on bool) error
}

// Store gives access to everything that is not in Kratos.
type Store interface {
	// Update is the method of [exchange.Store].
	Update(ctx context.Context, account string, fn func(exchange.Tx) error) error
	records.Reader
	journal.Prover
	KeptSettings(ctx context.Context) (settings.Kept, error)
	// AccountDevices returns the devices that are remembered for the account, the newest first.
	AccountDevices(ctx context.Context, account string) ([]challenge.Device, error)
	// AccountWrongCodes returns how many wrong codes count against the account.
	AccountWrongCodes(ctx context.Context, account string) (int, error)
	// MostWrongCodes returns the accounts that have the most wrong codes.
	MostWrongCodes(ctx context.Context, limit int) ([]challenge.WrongCodesOf, error)
	// LeavesOf returns the leaves of these records, by record ID.
	LeavesOf(ctx context.Context, records []records.Record) (map[int64]journal.Leaf, error)
	// AnswerApproval keeps the answer to a set of policies that waits, with its record. It returns false if no such set waits.
	AnswerApproval(ctx context.Context, revision, digest, answer string, r records.Record) (bool, error)
}

// Judge says who may do what. If it returns an error, nobody may do anything. Everywhere returns the state of the policies, Asked the
// policies that have waited for approval since the current ones decide, and Channels the channels of the current policies.
type Judge interface {
	Channels() ([]policies.ListedChannel, error)
	Console(ctx context.Context, in policies.ConsoleInput) (policies.ConsoleDecision, error)
	Everywhere(ctx context.Context) (live.Status, error)
	Asked(ctx context.Context) ([]live.Waiting, error)
}

// Console shows and changes what the visitor may see and change. All fields are needed.
type Console struct {
	Kratos      Accounts
	Store       Store
	Policies    Judge
	Sets        DecidedSets
	Comparisons *Comparisons
	Shadows     Shadows
	Identity    kratos.Pointers
	Mail        func() *MailTrouble // returns the current trouble; nil: none
	NotSealed   func() time.Time    // since when records cannot be sealed; the zero time: they can
	TimeZone    *time.Location      // time zone in which days begin
	Now         func() time.Time
	Log         *slog.Logger
}

// Refusal is the error if a visitor may not do something.
type Refusal struct{ Reason string } // the policies' symbol

// Error implements error.
func (r *Refusal) Error() string { return "refused: " + r.Reason }

// SignInAgain says whether a new sign-in to the console, with a code, would help.
func (r *Refusal) SignInAgain() bool { return r.Reason == "sign_in_again" }

// AAL2Needed says whether a second factor of Kratos would help.
func (r *Refusal) AAL2Needed() bool { return r.Reason == "aal2_needed" }

// ErrInvalid is the error for an invalid request. The text of the wrapping error says what is wrong.
var ErrInvalid = errors.New("not valid")

// May returns nil if a visitor may do an action, and a [Refusal] if not. The target is the account that the action changes, or nil.
func (c *Console) May(ctx context.Context, who session.Visitor, action policies.ConsoleAction, target *Account) error {
	in := policies.ConsoleInput{
		Now: c.Now().UTC(), Settings: hooks.PolicySettings(who.Settings), Action: action,
		Visitor: hooks.PolicyAccount(who.Identity, who.Person),
		Session: policies.ConsoleSession{Console: who.May("console"), SecondStep: string(who.SignIn.SecondStep), AAL: string(who.AAL)},
	}
	if target != nil {
		account := hooks.PolicyAccount(target.identity, target.Person)
		in.Target = &account
	}
	d, err := c.Policies.Console(ctx, in)
	if err != nil {
		return fmt.Errorf("decide on %s: %w", action, err)
	}
	if !d.Allow {
		return &Refusal{Reason: d.Reason}
	}
	return nil
}

func (c *Console) record(who session.Visitor, kind string, target *Account, state string, detail map[string]any) (records.Record, error) {
	detail["by"] = who.Identity.ID
	raw, err := json.Marshal(detail)
	if err != nil {
		return records.Record{}, fmt.Errorf("encode the record: %w", err)
	}
	r := records.Record{At: c.Now(), Kind: kind, By: who.Person.Account, State: state, Detail: raw}
	if target != nil {
		r.Account, r.Name = target.ID, target.Person.Account
	}
	return r, nil
}

// keep writes the record of a change and makes the change with do, both in one unit of work.
func (c *Console) keep(
	ctx context.Context, who session.Visitor, kind string, target *Account, state string, do func(exchange.Tx) (map[string]any, error),
) error {
	account := ""
	if target != nil {
		account = target.ID
	}
	return c.Store.Update(ctx, account, func(tx exchange.Tx) error {
		detail, err := do(tx)
		if err != nil {
			return err
		}
		r, err := c.record(who, kind, target, state, detail)
		if err != nil {
			return err
		}
		return tx.AddRecord(ctx, r)
	})
}
