package challenge

import (
	"context"
	"io"
	"time"
)

// Challenge is one code that was sent, with its state.
type Challenge struct {
	ID           string // random, 128 bits in hexadecimal
	Account      string // Kratos' identity id
	Flow         string // Kratos' login flow id
	Channel      string // as the policy names it
	SentTo       string // the masked address; the full address is not stored
	Facts        []byte // digest of the account facts at the time of issue, see [Facts]
	Reserved     bool   // sent to a client that the account was remembered on before; counted apart from other codes
	CodeMAC      []byte // see [Keyring.MAC]; the code itself is not stored
	CodeLength   int    // digits
	Attempts     int    // tries counted so far
	MaxAttempts  int    // after so many tries, no code is accepted
	RememberDays int    // for how many days a device may be remembered with this code; 0: not at all
	IssuedAt     time.Time
	ExpiresAt    time.Time // from then on, the code is not accepted
	ResendAt     time.Time // from then on, a new code may be sent in this flow
	Closed       Closing   // empty: the challenge is open
	Mail         MailState // empty: a mail server has the mail, or will have it in a moment
}

// MailState is a problem with the mail of a challenge. Empty: no problem is known.
type MailState string

// The problems with a mail.
const (
	MailWaiting MailState = "waiting" // no mail server has accepted the mail yet; Nidan tries again
	MailFailed  MailState = "failed"  // Nidan has given the mail up
)

// mailIsSlow is the age at which a waiting mail is shown as late. Most mail servers accept a mail within a second.
const mailIsSlow = 10 * time.Second

func (c *Challenge) mailIsLate(now time.Time) bool {
	return c.Mail == MailWaiting && !now.Before(c.IssuedAt.Add(mailIsSlow))
}

// AttemptsLeft is how many tries remain; at 0, no code is accepted.
func (c *Challenge) AttemptsLeft() int { return max(0, c.MaxAttempts-c.Attempts) }

// Open says whether the challenge was not closed. An open challenge may have expired or have no tries left: the person then gets the state
// code_expired or attempts_exceeded, and not a new code.
func (c *Challenge) Open() bool { return c.Closed == "" }

// Answerable says whether a submitted code would be compared: the challenge is open, has tries left and has not expired.
func (c *Challenge) Answerable(now time.Time) bool {
	return c.Open() && c.AttemptsLeft() > 0 && !c.expired(now)
}

func (c *Challenge) expired(now time.Time) bool { return !now.Before(c.ExpiresAt) }

// Closing says how a challenge ended.
type Closing string

// The ways in which a challenge is closed. A challenge that expires or runs out of tries stays open.
const (
	ClosedPassed      Closing = "passed"      // the code was accepted
	ClosedCancelled   Closing = "cancelled"   // the person cancelled
	ClosedSuperseded  Closing = "superseded"  // a newer code was sent
	ClosedInvalidated Closing = "invalidated" // one of its [Facts] has changed
)

// Terms are the conditions of a second step that the policy decided.
type Terms struct {
	Length       int           // digits of the code
	TTL          time.Duration // how long the code is valid
	MaxAttempts  int           // tries
	ResendAfter  time.Duration // between a code and the next one in the same flow
	RememberDays int           // 0: remembering is off

	// Limits of one account, across challenges and flows: at most Codes within CodesWithin and CodesPerDay within 24 hours. After
	// WaitDoublesAfter codes in 24 hours, each further code doubles the wait. Clients that the account was remembered on before have
	// ReservedPerDay codes of their own.
	Codes            int
	CodesWithin      time.Duration
	CodesPerDay      int
	WaitDoublesAfter int
	ReservedPerDay   int

	WrongCodes     int           // at so many wrong codes, every sign-in that needs a code is refused
	WrongCodesFor  time.Duration // a wrong code counts for so long, while the account has fewer than WrongCodes
	TellWrongCodes int           // from so many wrong codes on, a mail reports them
}

// Action is what a client asks for, other than to verify a code.
type Action string

// The actions of the contract (transient_payload.two_factor.action).
const (
	ActionNone   Action = ""
	ActionResend Action = "resend"
	ActionCancel Action = "cancel"
)

// Submission is one submission of a login flow whose password was right.
type Submission struct {
	Account string
	Name    string // what the account is called, for the records
	Flow    string
	Channel string
	Email   string  // where the code is sent; never empty if a challenge can be issued
	Locale  string  // language of the mail, "ja" or "en"
	Facts   []byte  // digest of the account facts now
	Known   bool    // the account was remembered on this client at some time, however long ago
	Device  *Device // to remember if the code is right; nil: the person did not ask for this
	Action  Action
	Code    string // normalised, see [NormalizeCode]; empty: no code was submitted
}

// State is the result of a submission. Only Passed lets the person in.
type State string

// The states, with the names of the contract (design §1).
const (
	Passed           State = "passed"
	CodeSent         State = "code_sent"
	CodeResent       State = "code_resent"
	Cancelled        State = "cancelled"
	CodeMismatch     State = "code_mismatch"
	CodeExpired      State = "code_expired"
	AttemptsExceeded State = "attempts_exceeded"
	SignInAgain      State = "sign_in_again"
	TooManyCodes     State = "too_many_codes"
	Refused          State = "refused"
)

// Outcome is a state with the challenge that it belongs to.
type Outcome struct {
	State     State
	Challenge *Challenge // nil: there is no challenge to show
	RetryAt   time.Time  // with TooManyCodes: when another code may be sent
	Reason    string     // a symbol for the records; empty: the policy's reason stands

	// WrongCodes are the wrong codes that were tried in other flows since the last right code. Set with Passed only.
	WrongCodes WrongCodes
}

// ReasonWrongCodes is the reason of a refusal because of too many wrong codes.
const ReasonWrongCodes = "too_many_wrong_codes"

// Challenger issues and verifies codes. Its zero value is not usable: all fields are needed.
type Challenger struct {
	Keys *Keyring
	Now  func() time.Time
	Rand io.Reader // crypto/rand.Reader outside tests
	// MailWaits says whether mail servers accept no mail at the moment. A new code is then shown as waiting, not as sent.
	MailWaits func() bool
}

// now is the time in microseconds, the precision of the database: a time that is shown twice must be the same.
func (c *Challenger) now() time.Time { return c.Now().UTC().Truncate(time.Microsecond) }

// Challenges reads and writes challenges.
type Challenges interface {
	// LatestChallenge returns the newest challenge of this account in this flow, open or closed, or [ErrNotFound]. [Challenger.Advance]
	// continues from this challenge. Its Mail is MailWaiting while the mail is in the outbox (package mail).
	LatestChallenge(ctx context.Context, account, flow string) (*Challenge, error)
	// AddChallenge stores a new challenge. It fails if the account already has an open challenge in the flow.
	AddChallenge(ctx context.Context, c *Challenge) error
	// CountAttempt adds one try to an open challenge. It returns false if the challenge is not open or has no tries left.
	CountAttempt(ctx context.Context, id string) (bool, error)
	// CloseChallenge closes an open challenge. It returns false if the challenge was not open: of all calls for one challenge, exactly one
	// returns true.
	CloseChallenge(ctx context.Context, id string, how Closing, at time.Time) (bool, error)
}
