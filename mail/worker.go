package mail

import (
	"context"
	"errors"
	"time"

	"nidan/challenge"
)

// What became of a mail, as the records name it.
const (
	recordSent    = "mail_sent"
	recordDropped = "mail_dropped"
	recordGivenUp = "mail_given_up"
)

// try tries a mail once, and sees to what is to become of it. A mail is sent at least once, and twice only if the program dies, or
// the database is away, between the server's last word and the record of it.
func (q *Queue) try(o challenge.Outgoing) {
	ctx := context.Background() // a mail under way goes out while the program ends
	switch {
	case !o.Wanted:
		q.record(ctx, o, recordDropped)
		return
	case q.expired(o):
		q.giveUp(ctx, o, o.Tries-1)
		return
	}
	code, err := o.Open(q.keys)
	if err == nil {
		err = q.sender.send(ctx, o.Message, code)
	}
	if err == nil {
		q.taken(ctx)
		q.record(ctx, o, recordSent)
		return
	}
	q.log.WarnContext(ctx, "a mail could not be sent; it is tried until its code expires", "challenge", o.Challenge, "try", o.Tries, "err", err)
	if q.expired(o) {
		q.giveUp(ctx, o, o.Tries)
		return
	}
	again := q.nextTry(o)
	if errors.Is(err, errAway) {
		again = q.away(ctx, err)
	} else {
		q.taken(ctx) // it has answered
	}
	if err := q.outbox.PutOffMessages(ctx, again, o.Challenge); err != nil {
		q.log.WarnContext(ctx, "when a mail is to be tried again could not be kept; it is tried soon", "challenge", o.Challenge, "err", err)
	}
}

// away notes that the server is not to be had, and returns when it is to be asked again.
func (q *Queue) away(ctx context.Context, err error) time.Time {
	news, until := q.pause.begin(err, q.now())
	if news {
		smtp := q.sender.relay.Load().config
		q.log.ErrorContext(ctx, "no mail can be sent", "server", smtp.Host, "port", smtp.Port, "username", smtp.Username, "err", err)
	}
	return until
}

// taken notes that the server is to be had.
func (q *Queue) taken(ctx context.Context) {
	if over := q.pause.end(); over != nil {
		q.log.InfoContext(ctx, "mails can be sent again", "since", over.Since)
	}
}

func (q *Queue) expired(o challenge.Outgoing) bool { return !q.now().Before(o.ExpiresAt) }

// giveUp ends a mail whose code is of no more use.
func (q *Queue) giveUp(ctx context.Context, o challenge.Outgoing, tries int) {
	q.log.ErrorContext(ctx, "a code expired before its mail could be sent", "challenge", o.Challenge, "tries", tries)
	q.record(ctx, o, recordGivenUp)
}

// recordAgain is how long after a failure the end of a mail is recorded again.
const recordAgain = time.Second

// record takes a mail out of the outbox and records how it ended. It goes on until that is kept: a mail that was sent would otherwise
// be sent again.
func (q *Queue) record(ctx context.Context, o challenge.Outgoing, kind string) {
	for {
		err := q.outbox.EndMessage(ctx, challenge.Record{
			At: q.now(), Kind: kind, Account: o.Account, Name: o.Name, Flow: o.Flow, Challenge: o.Challenge,
		})
		if err == nil {
			return
		}
		q.log.ErrorContext(ctx, "the end of a mail could not be recorded, and will be", "challenge", o.Challenge, "end", kind, "err", err)
		select {
		case <-time.After(recordAgain):
		case <-q.quit:
			return
		}
	}
}

// nextTry waits 1, 2, 4, … seconds, 60 at most, and not beyond the code's end: giving up is then recorded at once.
func (q *Queue) nextTry(o challenge.Outgoing) time.Time {
	wait := time.Minute
	if n := o.Tries - 1; n < 6 {
		wait = time.Second << max(0, n)
	}
	now := q.now()
	if end := o.ExpiresAt; now.Before(end) && now.Add(wait).After(end) {
		return end
	}
	return now.Add(wait)
}
