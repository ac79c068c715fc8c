package mail

import (
	"context"
	"time"

	"nidan/challenge"
	"nidan/records"
)

// Outbox is where messages wait that were sent in a [challenge.Tx], until they are with a mail server or of no more use.
type Outbox interface {
	// Queued gets a value, some time after messages were put in.
	Queued() <-chan struct{}
	// TakeMessages returns messages whose time has come at now, n at most, the one that has waited longest first. They are put
	// off until then, so that nobody else takes them.
	TakeMessages(ctx context.Context, now, until time.Time, n int) ([]challenge.Outgoing, error)
	// PutOffMessages puts off the messages of challenges. Those that are not there any more are passed over.
	PutOffMessages(ctx context.Context, until time.Time, challenges ...string) error
	// EndMessage takes out the message of the record's challenge, and records how it ended.
	EndMessage(ctx context.Context, r records.Record) error
	// FailMessage is EndMessage for one that will never be sent. Nobody can have its code, so the challenge's mail is MailFailed, its
	// code expires with the record, and another one may be sent from then on. If somebody else ended the message meanwhile, who may
	// have sent it, the challenge stays as it is.
	FailMessage(ctx context.Context, r records.Record) error
	// WaitingMessages is how many messages there are, and when the challenge of the oldest was issued; the zero time where there are
	// none.
	WaitingMessages(ctx context.Context) (n int, oldest time.Time, err error)
}
