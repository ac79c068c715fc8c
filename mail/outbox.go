package mail

import (
	"context"
	"time"

	"nidan/challenge"
	"nidan/records"
)

// Outbox keeps the messages that were sent in a [challenge.Tx], until they are delivered to a mail server or no longer needed.
type Outbox interface {
	// Queued gets a value when messages were added, possibly with a delay.
	Queued() <-chan struct{}
	// TakeMessages returns at most n messages that are due at now, and puts them off until the time until, so that no other process
	// takes them. The message that has waited longest comes first.
	TakeMessages(ctx context.Context, now, until time.Time, n int) ([]challenge.Outgoing, error)
	// PutOffMessages puts off the messages of these challenges. It ignores challenges that have no message any more.
	PutOffMessages(ctx context.Context, until time.Time, challenges ...string) error
	// EndMessage deletes the message of the record's challenge, and records how the message ended.
	EndMessage(ctx context.Context, r records.Record) error
	// FailMessage is like EndMessage, for a message that will never be sent. Nobody can have its code. So the challenge's mail
	// becomes MailFailed, the code expires at the time of the record, and a new code may be sent from then on. If another process has
	// ended the message meanwhile, the challenge is not changed, because that process may have sent the mail.
	FailMessage(ctx context.Context, r records.Record) error
	// WaitingMessages returns how many messages wait, and when the challenge of the oldest one was issued. The time is zero if no
	// message waits.
	WaitingMessages(ctx context.Context) (n int, oldest time.Time, err error)
}
