package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"nidan/challenge"
	"nidan/hooks"
	"nidan/journal"
	"nidan/kratos"
	"nidan/policies"
	"nidan/policies/live"
	"nidan/server/session"
)

// Accounts are Kratos' accounts.
type Accounts interface {
	Accounts(ctx context.Context, prefix, from string, size int) (page []kratos.Identity, next string, err error)
	Account(ctx context.Context, id string) (kratos.Identity, error)
	SetFlag(ctx context.Context, as kratos.Identity, pointer string, on bool) error
}

// Store is where all else is kept.
type Store interface {
	challenge.Store
	challenge.Overview
	journal.Prover
	// LeavesOf are the leaves of these records, by the records' IDs.
	LeavesOf(ctx context.Context, records []challenge.Record) (map[int64]journal.Leaf, error)
	// AnswerApproval keeps the answer to policies that wait, and its record, and says whether they did.
	AnswerApproval(ctx context.Context, revision, digest, answer string, r challenge.Record) (bool, error)
}

// Judge says who may do what. An error means that nobody may. Everywhere is what there is to know of the judge, Asked which policies have
// waited for approval since the last ones decided,
// Channels what there is to sign in to by those that decide now.
type Judge interface {
	Channels() ([]policies.ListedChannel, error)
	Console(ctx context.Context, in policies.ConsoleInput) (policies.ConsoleDecision, error)
	Everywhere(ctx context.Context) (live.Status, error)
	Asked(ctx context.Context) ([]live.Waiting, error)
}

// Console does what is asked of it, if whoever asks may. All fields are needed.
type Console struct {
	Kratos      Accounts
	Store       Store
	Policies    Judge
	Sets        DecidedSets
	Comparisons *Comparisons
	Shadows     Shadows
	Identity    kratos.Pointers
	Mail        func() *MailTrouble // what there is now; nil: none
	NotSealed   func() time.Time    // since when records cannot be sealed; the zero time: they can
	TimeZone    *time.Location      // in which days begin
	Now         func() time.Time
	Log         *slog.Logger
}

// Refusal is the error for what somebody may not do.
type Refusal struct{ Reason string } // as the policies name it

// Error implements error.
func (r *Refusal) Error() string { return "refused: " + r.Reason }

// SignInAgain says whether a new sign-in, through the console and with a code, would help.
func (r *Refusal) SignInAgain() bool { return r.Reason == "sign_in_again" }

// AAL2Needed says whether it would help that Kratos asks for a factor of its own.
func (r *Refusal) AAL2Needed() bool { return r.Reason == "aal2_needed" }

// ErrInvalid is the error for what cannot be meant. What is wrong stands in its text.
var ErrInvalid = errors.New("not valid")

// May says whether somebody may do an action, and returns a [Refusal] where not. Target is the account that it is done to,
// nil where there is none.
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

// record makes the record of a change.
func (c *Console) record(who session.Visitor, kind string, target *Account, state string, detail map[string]any) (challenge.Record, error) {
	detail["by"] = who.Identity.ID
	raw, err := json.Marshal(detail)
	if err != nil {
		return challenge.Record{}, fmt.Errorf("encode the record: %w", err)
	}
	r := challenge.Record{At: c.Now(), Kind: kind, By: who.Person.Account, State: state, Detail: raw}
	if target != nil {
		r.Account, r.Name = target.ID, target.Person.Account
	}
	return r, nil
}

// keep writes the record of a change and does what belongs to it, together or not at all.
func (c *Console) keep(
	ctx context.Context, who session.Visitor, kind string, target *Account, state string, do func(challenge.Tx) (map[string]any, error),
) error {
	account := ""
	if target != nil {
		account = target.ID
	}
	return c.Store.Update(ctx, account, func(tx challenge.Tx) error {
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
