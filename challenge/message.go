package challenge

import (
	"context"
	"time"
)

// Sender takes a code on its way, in the same transaction as the challenge it belongs to: either both are kept or neither
// is, so a code is never shown as sent and then lost.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Message is a code on its way to a person.
type Message struct {
	Challenge string        `json:"challenge"`   // its id
	Account   string        `json:"account"`     // Kratos' identity id
	Name      string        `json:"name"`        // what the account is called, for the records
	Flow      string        `json:"flow"`        // Kratos' login flow id
	To        string        `json:"to"`          // e-mail address
	Locale    string        `json:"locale"`      // "ja" or "en"
	Sealed    []byte        `json:"sealed_code"` // the code, by [Keyring.Seal]: a queue is no place for a secret in clear
	ValidFor  time.Duration `json:"valid_for"`   // how long the code was good for when it was issued, for the text
	ExpiresAt time.Time     `json:"expires_at"`  // when the code stops being good, and sending it stops making sense

	WrongCodes WrongCodes `json:"wrong_codes"` // to tell of in the mail; none: nothing to tell

	// TraceParent is the span of the sign-in (W3C Trace Context), which sending the mail goes on; empty: it is not traced.
	TraceParent string `json:"traceparent,omitempty"`
}

// Open returns the code. It fails where the secret it was sealed with is gone.
func (m Message) Open(keys *Keyring) (string, error) {
	return keys.Open(m.Sealed, mailContext(m.Challenge))
}

// mailContext ties a sealed code to its challenge.
func mailContext(challenge string) string { return "mail " + challenge }

// Outbox is where messages wait that were sent in a [Tx], until they are with a mail server or of no more use.
type Outbox interface {
	// Queued gets a value, some time after messages were put in.
	Queued() <-chan struct{}
	// TakeMessages returns messages whose time has come at now, n at most, the one that has waited longest first. They are put
	// off until then, so that nobody else takes them.
	TakeMessages(ctx context.Context, now, until time.Time, n int) ([]Outgoing, error)
	// PutOffMessages puts off the messages of challenges. Those that are not there any more are passed over.
	PutOffMessages(ctx context.Context, until time.Time, challenges ...string) error
	// EndMessage takes out the message of the record's challenge, and records how it ended.
	EndMessage(ctx context.Context, r Record) error
	// FailMessage is EndMessage for one that will never be sent. Nobody can have its code, so the challenge's mail is MailFailed, its
	// code expires with the record, and another one may be sent from then on. If somebody else ended the message meanwhile, who may
	// have sent it, the challenge stays as it is.
	FailMessage(ctx context.Context, r Record) error
	// WaitingMessages is how many messages there are, and when the challenge of the oldest was issued; the zero time where there are
	// none.
	WaitingMessages(ctx context.Context) (n int, oldest time.Time, err error)
}

// Outgoing is a message that was taken out of an [Outbox].
type Outgoing struct {
	Message
	Tries  int  // how often it has been taken, this time included
	Wanted bool // its challenge is still open: a code that was replaced or given up only confuses
}
