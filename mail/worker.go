package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"nidan/challenge"
)

// job is a message in the queue.
type job challenge.Message

// Kind names the queue's rows.
func (job) Kind() string { return "code" }

// What became of a mail, as the records name it.
const (
	recordSent    = "mail_sent"
	recordDropped = "mail_dropped"
	recordGivenUp = "mail_given_up"
)

// worker sends what is in the queue.
type worker struct {
	river.WorkerDefaults[job]
	store  challenge.Store
	keys   *challenge.Keyring
	sender *sender
	now    func() time.Time
	log    *slog.Logger
}

// Work tries once. A mail is sent at least once, and twice only if the program dies between the server's last word and
// the record of it.
func (w *worker) Work(ctx context.Context, j *river.Job[job]) error {
	m := challenge.Message(j.Args)
	wanted, err := w.wanted(ctx, m)
	switch {
	case err != nil:
		return w.failed(ctx, j, err)
	case !wanted:
		return w.end(ctx, j, recordDropped)
	case !w.now().Before(m.ExpiresAt):
		return w.giveUp(ctx, j, j.Attempt-1)
	}
	code, err := m.Open(w.keys)
	if err != nil {
		return w.failed(ctx, j, err)
	}
	if err := w.sender.send(ctx, m, code); err != nil {
		return w.failed(ctx, j, err)
	}
	if err := w.record(ctx, m, recordSent); err != nil {
		// Trying again would send the mail again.
		w.log.ErrorContext(ctx, "a mail was sent, and that could not be recorded", "challenge", m.Challenge, "err", err)
	}
	return nil
}

// giveUp ends a mail whose code is of no more use. The queue keeps it as cancelled, apart from those that were sent.
func (w *worker) giveUp(ctx context.Context, j *river.Job[job], tries int) error {
	w.log.ErrorContext(ctx, "a code expired before its mail could be sent",
		"challenge", j.Args.Challenge, "tries", tries)
	if err := w.end(ctx, j, recordGivenUp); err != nil {
		return err
	}
	return river.JobCancel(errors.New("the code expired"))
}

// end records how a mail that is not sent ended. Until that is kept, the mail is not done with.
func (w *worker) end(ctx context.Context, j *river.Job[job], kind string) error {
	if err := w.record(ctx, challenge.Message(j.Args), kind); err != nil {
		w.log.WarnContext(ctx, "the end of a mail could not be recorded, and will be tried again",
			"challenge", j.Args.Challenge, "try", j.Attempt, "err", err)
		return err
	}
	return nil
}

// wanted says whether the code is still the one to be entered: a mail that comes after a newer one, or after the person
// has given up, only confuses.
func (w *worker) wanted(ctx context.Context, m challenge.Message) (wanted bool, err error) {
	err = w.store.Update(ctx, m.Account, func(tx challenge.Tx) error {
		last, err := tx.LatestChallenge(ctx, m.Account, m.Flow)
		if errors.Is(err, challenge.ErrNotFound) {
			return nil
		}
		wanted = err == nil && last.ID == m.Challenge && last.Open()
		return err
	})
	if err != nil {
		return false, fmt.Errorf("ask whether a code is still wanted: %w", err)
	}
	return wanted, nil
}

func (w *worker) record(ctx context.Context, m challenge.Message, kind string) error {
	err := w.store.Update(ctx, m.Account, func(tx challenge.Tx) error {
		return tx.AddRecord(ctx, challenge.Record{
			At: w.now(), Kind: kind, Account: m.Account, Name: m.Name, Flow: m.Flow, Challenge: m.Challenge,
		})
	})
	if err != nil {
		return fmt.Errorf("record %s: %w", kind, err)
	}
	return nil
}

// failed ends one try. It is the last one if the code expired while it was on.
func (w *worker) failed(ctx context.Context, j *river.Job[job], err error) error {
	w.log.WarnContext(ctx, "a mail could not be sent; it is tried until its code expires",
		"challenge", j.Args.Challenge, "try", j.Attempt, "err", err)
	if !w.now().Before(j.Args.ExpiresAt) {
		return w.giveUp(ctx, j, j.Attempt)
	}
	return err
}

// NextRetry waits 1, 2, 4, … seconds, 60 at most, and not beyond the code's end: giving up is then recorded at once. It
// never answers with a time gone by, for which the queue would take its own back-off instead: hours, after a dozen tries.
func (w *worker) NextRetry(j *river.Job[job]) time.Time {
	wait := time.Minute
	if n := j.Attempt - 1; n < 6 {
		wait = time.Second << max(0, n)
	}
	now, end := w.now(), j.Args.ExpiresAt
	if now.Before(end) && now.Add(wait).After(end) {
		return end
	}
	return now.Add(wait)
}
