package challenge

import (
	"context"
	"io"
	"time"
)

// Challenge is one code that was sent, and what became of it.
type Challenge struct {
	ID           string // random, 128 bits in hexadecimal
	Account      string // Kratos' identity id
	Flow         string // Kratos' login flow id
	Channel      string // as the policy names it
	SentTo       string // the masked address: the full one is not needed to answer, so it is not kept
	Facts        []byte // digest of the facts it was issued on, see [Facts]
	Reserved     bool   // sent to a client by which the account was remembered before
	CodeMAC      []byte // see [Keyring.CodeMAC]; the code itself is kept nowhere
	CodeLength   int    // digits
	Attempts     int    // tries counted so far
	MaxAttempts  int    // tries after which it is dead
	RememberDays int    // for how many days a device may be remembered with it; 0: not at all
	IssuedAt     time.Time
	ExpiresAt    time.Time // the first instant at which it is no longer accepted
	ResendAt     time.Time // the first instant at which a new code may be sent in this flow
	Closed       Closing   // empty while it is open
	Mail         MailState // what is known of the mail with its code
}

// MailState is what there is to tell of the mail with a challenge's code. Empty: nothing, a mail server has it or will in a moment.
type MailState string

// The states of a mail that are worth telling.
const (
	MailWaiting MailState = "waiting" // no mail server has taken it yet; it is tried again
	MailFailed  MailState = "failed"  // it will not be sent any more
)

// mailIsSlow is how long after its challenge a mail that still waits is told of. Nearly all are handed over within a second.
const mailIsSlow = 10 * time.Second

func (c *Challenge) mailIsLate(now time.Time) bool {
	return c.Mail == MailWaiting && !now.Before(c.IssuedAt.Add(mailIsSlow))
}

// AttemptsLeft is how many tries remain, 0 when it is dead.
func (c *Challenge) AttemptsLeft() int { return max(0, c.MaxAttempts-c.Attempts) }

// Open says whether the challenge still stands. An open one may have expired or have run out of tries: its holder is then
// told so, instead of being taken for someone who never had one.
func (c *Challenge) Open() bool { return c.Closed == "" }

// Answerable says whether a code would be compared: the challenge is open, has tries left and has not expired.
func (c *Challenge) Answerable(now time.Time) bool {
	return c.Open() && c.AttemptsLeft() > 0 && !c.expired(now)
}

func (c *Challenge) expired(now time.Time) bool { return !now.Before(c.ExpiresAt) }

// Closing says how a challenge ended.
type Closing string

// The ways in which a challenge ends, other than by time or tries.
const (
	ClosedPassed      Closing = "passed"      // its code was accepted
	ClosedCancelled   Closing = "cancelled"   // its holder gave it up
	ClosedSuperseded  Closing = "superseded"  // a newer code was sent
	ClosedInvalidated Closing = "invalidated" // what it was issued on has changed
)

// Terms are the conditions of a second step, as the policy decided them.
type Terms struct {
	Length       int           // digits of the code
	TTL          time.Duration // how long the code holds
	MaxAttempts  int           // tries
	ResendAfter  time.Duration // between a code and the next one in the same flow
	RememberDays int           // 0: remembering is off

	// What an account may use up, across challenges and flows: Codes within CodesWithin, CodesPerDay within 24 hours, with a wait that
	// doubles with each of them after WaitDoublesAfter; and besides, on clients by which it was remembered before, ReservedPerDay.
	Codes            int
	CodesWithin      time.Duration
	CodesPerDay      int
	WaitDoublesAfter int
	ReservedPerDay   int

	WrongCodes     int           // that keep the account out
	WrongCodesFor  time.Duration // for which one counts, as long as they do not
	TellWrongCodes int           // from which on a mail tells of them
}

// Action is what a client asks for besides answering.
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
	Email   string  // where a code goes; never empty where a challenge can be issued
	Locale  string  // language of the mail, "ja" or "en"
	Facts   []byte  // digest of the facts as they are now
	Known   bool    // the client is one by which the account was remembered, however long ago
	Device  *Device // to be remembered if the code is right, see [Device]; nil: not asked for
	Action  Action
	Code    string // normalised, see [NormalizeCode]; empty: none was submitted
}

// State is how a submission ended. All but Passed keep the person out.
type State string

// The states a second step can lead to, named as the contract names them.
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

// Outcome is a state and the challenge it is about.
type Outcome struct {
	State     State
	Challenge *Challenge // nil where there is none to show
	RetryAt   time.Time  // with TooManyCodes: when another code may be sent
	Reason    string     // a symbol for the records, where the state has a reason of its own

	// WrongCodes are, with Passed, those that were tried in other flows since the last right code.
	WrongCodes WrongCodes
}

// ReasonWrongCodes is why an account is refused that has tried too many wrong codes.
const ReasonWrongCodes = "too_many_wrong_codes"

// Challenger issues and verifies codes. Its zero value is not usable: all fields are needed.
type Challenger struct {
	Keys *Keyring
	Now  func() time.Time
	Rand io.Reader // crypto/rand.Reader outside tests
	// MailWaits says whether mails cannot be handed over at the moment, so that a new code is not said to have been sent.
	MailWaits func() bool
}

// now is the time at the precision that every store keeps, so that what is shown again is what was shown first.
func (c *Challenger) now() time.Time { return c.Now().UTC().Truncate(time.Microsecond) }

// Challenges are the challenges of a [Tx].
type Challenges interface {
	// LatestChallenge returns the newest challenge of this account in this flow, open or closed, or [ErrNotFound]. It is what
	// [Challenger.Advance] goes on from. Its mail is MailWaiting as long as it is in the outbox (package mail).
	LatestChallenge(ctx context.Context, account, flow string) (*Challenge, error)
	// AddChallenge keeps a new one. It fails when the account already has an open one in the flow.
	AddChallenge(ctx context.Context, c *Challenge) error
	// CountAttempt adds one try to an open challenge that has tries left, and says whether there was one to add.
	CountAttempt(ctx context.Context, id string) (bool, error)
	// CloseChallenge ends an open challenge, and says whether it was still open: of any number of calls for one
	// challenge, exactly one gets true.
	CloseChallenge(ctx context.Context, id string, how Closing, at time.Time) (bool, error)
}
