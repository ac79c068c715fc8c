package challenge

import (
	"context"
	"time"
)

// Sender puts a message into the outbox, in the same transaction as its challenge. Both are stored or neither is, so a code is never shown
// as sent and then lost.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Message is a code on its way to a person.
type Message struct {
	Challenge string        `json:"challenge"`   // its id
	Account   string        `json:"account"`     // Kratos' identity id
	Name      string        `json:"name"`        // the account's name, for the records
	Flow      string        `json:"flow"`        // Kratos' login flow id
	To        string        `json:"to"`          // e-mail address
	Locale    string        `json:"locale"`      // "ja" or "en"
	Sealed    []byte        `json:"sealed_code"` // the code, encrypted by [Keyring.Seal]: a row in the outbox must not hold a readable code
	ValidFor  time.Duration `json:"valid_for"`   // how long the code was valid when it was issued, for the text of the mail
	ExpiresAt time.Time     `json:"expires_at"`  // when the code expires; the mail is not sent after that

	WrongCodes WrongCodes `json:"wrong_codes"` // to report in the mail; zero: nothing to report

	// TraceParent is the span of the sign-in (W3C Trace Context). The span of the mail continues it. Empty: no trace.
	TraceParent string `json:"traceparent,omitempty"`
}

// Open decrypts the code. It fails if the secret is no longer configured.
func (m Message) Open(keys *Keyring) (string, error) {
	return keys.Open(m.Sealed, mailContext(m.Challenge))
}

// mailContext binds an encrypted code to its challenge.
func mailContext(challenge string) string { return "mail " + challenge }

// Outgoing is a message that was taken out of the outbox (package mail).
type Outgoing struct {
	Message
	Tries  int  // how often the message was taken, this time included
	Wanted bool // the challenge is still open; otherwise the mail is not sent, because its code would not be accepted
}
