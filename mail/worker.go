package mail

import (
	"context"
	"errors"
	"time"

	"nidan/challenge"
	"nidan/records"
)

// What became of a mail, as the records name it.
const (
	recordSent    = "mail_sent"
	recordDropped = "mail_dropped"
	recordRefused = "mail_refused"
	recordGivenUp = "mail_given_up"
)

// try tries a mail once, and sees to what is to become of it. A mail is sent at least once, and twice only if the program dies, or
// the database is away, between the server's last word and the record of it.
func (q *Queue) try(o challenge.Outgoing) {
	ctx := context.Background() // a mail under way goes out while the program ends
	switch {
	case !o.Wanted:
		q.record(ctx, o, recordDropped, cause{})
		return
	case !q.now().Before(o.ExpiresAt):
		o.Tries-- // this is none
		q.giveUp(ctx, o, q.whyNotBefore())
		return
	}
	err := q.send(ctx, o.Message)
	if err == nil {
		q.over(ctx, q.troubles.took())
		q.record(ctx, o, recordSent, cause{})
		return
	}
	q.failed(ctx, o, causeOf(err))
}

// send sends a message, and tells whoever watches.
func (q *Queue) send(ctx context.Context, m challenge.Message) error {
	told := func(string) {}
	if watch := q.sender.config.Watch; watch != nil {
		ctx, told = watch(ctx, m)
	}
	code, err := m.Open(q.keys)
	if err == nil {
		err = q.sender.send(ctx, m, code)
	}
	reason := ""
	if err != nil {
		reason = causeOf(err).reason
	}
	told(reason)
	return err
}

// failed ends a mail that could not be sent, or puts it off.
func (q *Queue) failed(ctx context.Context, o challenge.Outgoing, c cause) {
	again := q.note(ctx, o, c)
	log := q.log.With("challenge", o.Challenge, "try", o.Tries, "reason", c.reason, "err", c.err, "flow", o.Flow)
	switch {
	case c.final:
		log.WarnContext(ctx, "a mail was refused, and is not tried again")
		q.record(ctx, o, recordRefused, c)
		return
	case !again.Before(o.ExpiresAt):
		log.WarnContext(ctx, "a mail could not be sent, and its code expires before it could be tried again")
		q.giveUp(ctx, o, c)
		return
	}
	log.WarnContext(ctx, "a mail could not be sent; it is tried until its code expires")
	if err := q.outbox.PutOffMessages(ctx, again, o.Challenge); err != nil {
		q.log.WarnContext(ctx, "when a mail is to be tried again could not be kept; it is tried soon", "challenge", o.Challenge, "err", err)
	}
}

// toldFrom is at which try of a mail an answer that is not final becomes a trouble to be told of. Some servers put each first mail off
// for a moment.
const toldFrom = 3

// note notes what a failure says of the server, and returns when to try the mail again.
func (q *Queue) note(ctx context.Context, o challenge.Outgoing, c cause) time.Time {
	if errors.Is(c.err, errAway) {
		return q.away(ctx, c.err)
	}
	if c.reason != "not_made" && c.reason != "no_address" {
		q.over(ctx, q.troubles.answered())
	}
	if c.others && (c.final || o.Tries >= toldFrom) && q.troubles.refused(c.err, q.now()) {
		q.tell(ctx, "the mail server takes no mails, whoever they are for", c.err)
	}
	return q.now().Add(nextTry(o.Tries))
}

// ask asks the server whether it would take mails, and hands none over.
func (q *Queue) ask() {
	ctx := context.Background()
	if err := q.sender.relay.Load().ask(ctx); err != nil {
		q.away(ctx, err)
		return
	}
	smtp := q.sender.relay.Load().config
	q.log.InfoContext(ctx, "the mail server answers", "server", smtp.Host, "port", smtp.Port)
	q.over(ctx, q.troubles.answered())
}

// away notes that the server is not to be had, and returns when it is to be asked again.
func (q *Queue) away(ctx context.Context, err error) time.Time {
	news, until := q.troubles.isAway(whyAway(err), err, q.now())
	if news {
		q.tell(ctx, "no mail can be sent", err)
	}
	return until
}

// tell logs a trouble that has begun.
func (q *Queue) tell(ctx context.Context, trouble string, err error) {
	smtp := q.sender.relay.Load().config
	q.log.ErrorContext(ctx, trouble, "server", smtp.Host, "port", smtp.Port, "username", smtp.Username, "err", err)
}

// over logs a trouble that is over, if there was one.
func (q *Queue) over(ctx context.Context, t *Trouble) {
	if t != nil {
		q.log.InfoContext(ctx, "mails can be sent again", "since", t.Since, "reason", t.Reason)
	}
}

// whyNotBefore is why a mail was not sent before its code expired, as far as is known.
func (q *Queue) whyNotBefore() cause {
	if t := q.Trouble(); t != nil {
		return cause{reason: t.Reason, err: t.Err}
	}
	return cause{reason: "expired"}
}

// giveUp ends a mail whose code is of no more use.
func (q *Queue) giveUp(ctx context.Context, o challenge.Outgoing, c cause) {
	q.log.ErrorContext(ctx, "a code expired before its mail could be sent", "challenge", o.Challenge, "tries", o.Tries, "reason", c.reason, "flow", o.Flow)
	q.record(ctx, o, recordGivenUp, c)
}

// recordAgain is how long after a failure the end of a mail is recorded again.
const recordAgain = time.Second

// record takes a mail out of the outbox and records how it ended. It goes on until that is kept: a mail that was sent would otherwise
// be sent again.
func (q *Queue) record(ctx context.Context, o challenge.Outgoing, kind string, c cause) {
	end := q.outbox.EndMessage
	if kind == recordRefused || kind == recordGivenUp {
		end = q.outbox.FailMessage
	}
	for {
		err := end(ctx, records.Record{
			At: q.now(), Kind: kind, Account: o.Account, Name: o.Name, Flow: o.Flow, Challenge: o.Challenge, Reason: c.reason, Detail: c.detail(),
		})
		if err == nil {
			q.count(kind)
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

// nextTry is how long to wait after so many tries: 1, 2, 4, … seconds, 60 at most.
func nextTry(tries int) time.Duration {
	if n := tries - 1; n < 6 {
		return time.Second << max(0, n)
	}
	return time.Minute
}
