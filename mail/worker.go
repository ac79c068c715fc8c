package mail

import (
	"context"
	"errors"
	"time"

	"nidan/challenge"
	"nidan/records"
)

// The kinds of records that say how a mail ended.
const (
	recordSent    = "mail_sent"
	recordDropped = "mail_dropped"
	recordRefused = "mail_refused"
	recordGivenUp = "mail_given_up"
)

// try tries to send a mail once, and then ends it or puts it off. A mail is sent at least once. It is sent twice only if the program
// dies, or the database cannot be used, between the server's last answer and the record of the end.
func (q *Queue) try(o challenge.Outgoing) {
	ctx := context.Background() // a mail that is being sent is finished while the program stops
	switch {
	case !o.Wanted:
		q.record(ctx, o, recordDropped, cause{})
		return
	case !q.now().Before(o.ExpiresAt):
		o.Tries-- // TakeMessages has counted a try that did not take place
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

// toldFrom is the try of a mail from which on an answer that is not final is reported as a trouble. Some servers answer the first try
// of each mail with "later" (greylisting).
const toldFrom = 3

// note notes what a failure says about the server, and returns when to try the mail again.
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

// ask checks whether the server can be used, without sending a mail.
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

// away notes that the server cannot be used, and returns when to try it again.
func (q *Queue) away(ctx context.Context, err error) time.Time {
	news, until := q.troubles.isAway(whyAway(err), err, q.now())
	if news {
		q.tell(ctx, "no mail can be sent", err)
	}
	return until
}

func (q *Queue) tell(ctx context.Context, trouble string, err error) {
	smtp := q.sender.relay.Load().config
	q.log.ErrorContext(ctx, trouble, "server", smtp.Host, "port", smtp.Port, "username", smtp.Username, "err", err)
}

func (q *Queue) over(ctx context.Context, t *Trouble) {
	if t != nil {
		q.log.InfoContext(ctx, "mails can be sent again", "since", t.Since, "reason", t.Reason)
	}
}

// whyNotBefore returns why a mail was not sent before its code expired, as far as this is known.
func (q *Queue) whyNotBefore() cause {
	if t := q.Trouble(); t != nil {
		return cause{reason: t.Reason, err: t.Err}
	}
	return cause{reason: "expired"}
}

// giveUp ends a mail whose code expires before the mail could be sent.
func (q *Queue) giveUp(ctx context.Context, o challenge.Outgoing, c cause) {
	q.log.ErrorContext(ctx, "a code expired before its mail could be sent", "challenge", o.Challenge, "tries", o.Tries, "reason", c.reason, "flow", o.Flow)
	q.record(ctx, o, recordGivenUp, c)
}

// recordAgain is the pause between two tries to record the end of a mail.
const recordAgain = time.Second

// record deletes a mail from the outbox and records how the mail ended. It tries until this succeeds, because a mail that was sent
// would otherwise be sent again.
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

// nextTry returns how long to wait after this many tries: 1, 2, 4, … seconds, at most 60.
func nextTry(tries int) time.Duration {
	if n := tries - 1; n < 6 {
		return time.Second << max(0, n)
	}
	return time.Minute
}
