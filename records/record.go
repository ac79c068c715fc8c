package records

import (
	"context"
	"time"
)

// Record is one line of the journal. Nothing in it is secret: no code, no token, no password.
type Record struct {
	ID        int64 // grows with each record; set by the store
	At        time.Time
	Kind      string // one of [Kinds]
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

// Kinds are all kinds of records.
var Kinds = []string{
	"sign_in", "mail_sent", "mail_dropped", "mail_refused", "mail_given_up", "password_changed", "password_refused",
	"credentials_changed", "credentials_refused",
	"settings_changed", "account_switched", "devices_forgotten", "wrong_codes_cleared",
	"policies_activated", "policies_approved", "policies_rejected",
}

// Filter says which records are wanted. What is zero does not narrow them down.
type Filter struct {
	Account string    // Kratos' identity id, or a name that the account has had
	Kind    string    // one of [Kinds]
	From    time.Time // from then on
	To      time.Time // before then
	Before  int64     // those with a smaller ID: where the last page ended
	Limit   int       // at most so many; 0: none

	States  []string // any of them
	Reason  string
	Channel string // of sign-ins
	Flow    string // Kratos' login flow id
	// Rows narrows records down to what is a row of its own to people: the last record of each sign-in, and what belongs to no sign-in.
	// What was mailed in a sign-in is a part of it.
	Rows bool
}

// Writer adds records, each in the transaction that it is a method of.
type Writer interface {
	AddRecord(ctx context.Context, r Record) error
}

// Reader reads records, and what is counted of them.
type Reader interface {
	// Records are those that the filter asks for, the newest first.
	Records(ctx context.Context, f Filter) ([]Record, error)
	// SearchRecords is Records, with the filter's Before for those that follow; 0: these were the last. It looks at no more records than it
	// is told to (0: at all), and so may find fewer than the filter's limit, or none, though others follow.
	SearchRecords(ctx context.Context, f Filter, within int) (found []Record, next int64, err error)
	// Counts are the records from then on and before then, counted.
	Counts(ctx context.Context, from, to time.Time) (Counts, error)
}
