package records

import (
	"context"
	"time"
)

// Record is one line of the journal. A record never holds a secret: no code, no token, no password.
type Record struct {
	ID        int64 // grows with each record; set by the store
	At        time.Time
	Kind      string // one of [Kinds]
	Account   string // Kratos' identity id; empty: the record belongs to no account
	Name      string // the account's name at that time; empty: not known
	By        string // account name of the administrator who made the change; empty: the account itself
	Flow      string // Kratos' login flow id; empty: none
	Challenge string // challenge id; empty: none
	State     string // the result: "allowed", "aal2_needed", or a state of the contract (design §1)
	Reason    string // the decision's reason
	Revision  string // of the policies that made the decision
	Detail    []byte // JSON: input and decision of the policies, or the values before and after a change; nil: none
}

// Kinds are all values of Record.Kind.
var Kinds = []string{
	"sign_in", "mail_sent", "mail_dropped", "mail_refused", "mail_given_up", "password_changed", "password_refused",
	"credentials_changed", "credentials_refused",
	"settings_changed", "account_switched", "devices_forgotten", "wrong_codes_cleared",
	"policies_activated", "policies_approved", "policies_rejected",
}

// Filter selects records. A zero field selects all.
type Filter struct {
	Account string    // Kratos' identity id, or a present or former name of the account
	Kind    string    // one of [Kinds]
	From    time.Time // inclusive
	To      time.Time // exclusive
	Before  int64     // records with a smaller ID: the ID at which the last page ended
	Limit   int       // at most so many records; 0: no limit

	States  []string // any of these
	Reason  string
	Channel string // of the sign-in
	Flow    string // Kratos' login flow id
	// Rows selects one record for each row of the console: the last record of each sign-in, and each record that belongs to no sign-in. A
	// record of a mail belongs to the sign-in in which the mail was sent.
	Rows bool
}

// Writer adds records in a transaction.
type Writer interface {
	AddRecord(ctx context.Context, r Record) error
}

// Reader reads records and their counts.
type Reader interface {
	// Records returns the records that the filter selects, the newest first.
	Records(ctx context.Context, f Filter) ([]Record, error)
	// SearchRecords is Records, and returns in next the Before of the next page; 0: this is the last page. It reads at most within records
	// (0: no bound), and so may return fewer records than the filter's limit although more follow.
	SearchRecords(ctx context.Context, f Filter, within int) (found []Record, next int64, err error)
	// Counts counts the records from then (inclusive) to then (exclusive).
	Counts(ctx context.Context, from, to time.Time) (Counts, error)
}
