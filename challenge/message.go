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

// Outgoing is a message that was taken out of the outbox, see package mail.
type Outgoing struct {
	Message
	Tries  int  // how often it has been taken, this time included
	Wanted bool // its challenge is still open: a code that was replaced or given up only confuses
}
