package challenge

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound is returned for what the store does not hold.
var ErrNotFound = errors.New("not found")

// Store keeps what a second step needs across requests, processes and crashes.
type Store interface {
	// Situation is what a decision on a call rests on, beside whatever is being written: when something is done about it, it may
	// not be so any more.
	Situation(ctx context.Context, c Call) (Situation, error)
	// Update runs fn in one transaction: all of what fn wrote is kept, durably, when Update returns nil, and none of it
	// otherwise. No two calls for the same account run at once, in this process or in another, so fn need not fear that
	// what it has read changes under it.
	Update(ctx context.Context, account string, fn func(Tx) error) error
}

// Tx is one unit of work on a [Store].
type Tx interface {
	// Situation is as in [Store], and stays as it is until the unit of work ends.
	Situation(ctx context.Context, c Call) (Situation, error)
	Challenges
	Limits
	Passwords
	Devices
	Sender
	Journal
	Switches
}

// Challenges are the challenges of a [Tx].
type Challenges interface {
	// LatestChallenge returns the newest challenge of this account in this flow, open or closed, or [ErrNotFound]. It is what
	// [Challenger.Advance] goes on from. Its mail is MailWaiting as long as it is in the [Outbox].
	LatestChallenge(ctx context.Context, account, flow string) (*Challenge, error)
	// AddChallenge keeps a new one. It fails when the account already has an open one in the flow.
	AddChallenge(ctx context.Context, c *Challenge) error
	// CountAttempt adds one try to an open challenge that has tries left, and says whether there was one to add.
	CountAttempt(ctx context.Context, id string) (bool, error)
	// CloseChallenge ends an open challenge, and says whether it was still open: of any number of calls for one
	// challenge, exactly one gets true.
	CloseChallenge(ctx context.Context, id string, how Closing, at time.Time) (bool, error)
}

// Limits count what an account has used up, across all of its challenges and flows.
type Limits interface {
	// CodesSince returns when codes were sent to the account from then on, oldest first: the reserved ones, or the others.
	CodesSince(ctx context.Context, account string, reserved bool, since time.Time) ([]time.Time, error)
	// WrongCodes is how many wrong codes count against the account.
	WrongCodes(ctx context.Context, account string) (int, error)
	// AddWrongCode counts one that was tried in a flow.
	AddWrongCode(ctx context.Context, account, flow string, at time.Time) error
	// ClearWrongCodes forgets those of a flow; of every flow where it is empty.
	ClearWrongCodes(ctx context.Context, account, flow string) error
	// ForgetWrongCodes forgets those from before then, and says how many there were.
	ForgetWrongCodes(ctx context.Context, account string, before time.Time) (int, error)
	// UntoldWrongCodes are those that the account's holder has not been told of after a right code.
	UntoldWrongCodes(ctx context.Context, account string) (WrongCodes, error)
	// TellWrongCodes keeps that the account's holder has been told of them.
	TellWrongCodes(ctx context.Context, account string) error
}

// Passwords are what is known of the passwords of a [Tx]'s accounts: when they changed, and nothing else.
type Passwords interface {
	SetPasswordChanged(ctx context.Context, account string, at time.Time) error
}

// Devices are the devices of a [Tx].
type Devices interface {
	// RememberDevice keeps a device, in place of what was kept of this account on it.
	RememberDevice(ctx context.Context, d Device) error
	// RenewDevice puts a token in the place of another, for all accounts that are remembered by it.
	RenewDevice(ctx context.Context, from, to []byte) error
	// ForgetDevice forgets one, and says whether there was one to forget.
	ForgetDevice(ctx context.Context, account string, tokenHash []byte) (bool, error)
	// ForgetDevices forgets all of an account, and says how many there were.
	ForgetDevices(ctx context.Context, account string) (int, error)
	// ForgetEveryDevice forgets all of all accounts, and says how many there were.
	ForgetEveryDevice(ctx context.Context) (int, error)
}

// Journal holds what happened: the answers given to Kratos, and the records of decisions, challenges and changes.
type Journal interface {
	// Delivery returns the answer already given to the delivery of this key, or [ErrNotFound].
	Delivery(ctx context.Context, key string) (*Delivery, error)
	AddDelivery(ctx context.Context, d Delivery) error
	AddRecord(ctx context.Context, r Record) error
	AddSignIn(ctx context.Context, s SignIn) error
	// SignIn is as in [Reader].
	SignIn(ctx context.Context, account string, authenticatedAt time.Time) (*SignIn, error)
	// LatestSecondStep returns the account's newest sign-in from then on that was passed, remembered or for enrolment only, or
	// [ErrNotFound].
	LatestSecondStep(ctx context.Context, account string, since time.Time) (*SignIn, error)
}

// Delivery is a call from Kratos that was answered. Kratos may make the same call up to three times.
type Delivery struct {
	Key    string    // what tells one call from another
	Digest []byte    // keyed digest of its body: the same key with another body is not a repeat
	Status int       // of the answer
	Body   []byte    // of the answer, sealed
	At     time.Time // when it was first answered
}

// Record is one line of the journal. Nothing in it is secret: no code, no token, no password.
type Record struct {
	ID        int64 // grows with each record; set by the store
	At        time.Time
	Kind      string // one of [RecordKinds]
	Account   string // Kratos' identity id; empty where it is about none
	Name      string // what the account was called then; empty: not known
	By        string // the account name of whoever changed something; empty: nobody but the account itself
	Flow      string // Kratos' login flow id; empty where there is none
	Challenge string // challenge id; empty where there is none
	State     string // how it ended: "allowed", "aal2_needed", or a state of the contract
	Reason    string // the decision's reason
	Revision  string // of the policies that decided
	Detail    []byte // JSON: what the policies were asked and what they said, or what was changed into what; nil: nothing
}

// RecordKinds are all kinds of records.
var RecordKinds = []string{
	"sign_in", "mail_sent", "mail_dropped", "mail_refused", "mail_given_up", "password_changed", "password_refused",
	"credentials_changed", "credentials_refused",
	"settings_changed", "account_switched", "devices_forgotten", "wrong_codes_cleared",
	"policies_activated", "policies_approved", "policies_rejected",
}
