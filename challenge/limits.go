package challenge

import (
	"context"
	"fmt"
	"time"
)

// day is the time within which an account's codes are counted, beside the shorter one of the terms.
const day = 24 * time.Hour

// nextCode is when the account may be sent a code, the zero time where it may be at once. Whoever knows the password can have codes
// sent: each costs the account's holder a mail, and the next wait. So a client by which the account was remembered before, however
// long ago, has codes of its own, which are not counted with the others.
func nextCode(ctx context.Context, tx Limits, s Submission, t Terms, now time.Time) (time.Time, error) {
	sent, err := tx.CodesSince(ctx, s.Account, t.reserved(s), now.Add(-day))
	if err != nil {
		return time.Time{}, fmt.Errorf("count the account's codes: %w", err)
	}
	if t.reserved(s) {
		return latest(notMore(sent, t.Codes, t.CodesWithin), notMore(sent, t.ReservedPerDay, day)), nil
	}
	return latest(notMore(sent, t.Codes, t.CodesWithin), notMore(sent, t.CodesPerDay, day), grown(sent, t)), nil
}

// reserved says whether a submission has the codes that are kept for clients by which the account was remembered before.
func (t Terms) reserved(s Submission) bool { return s.Known && t.ReservedPerDay > 0 }

// notMore is when there will be fewer than most codes within that time, the zero time where there are. Most is 1 at least.
func notMore(sent []time.Time, most int, within time.Duration) time.Time {
	if len(sent) < most {
		return time.Time{}
	}
	return sent[len(sent)-most].Add(within)
}

// grown is when the wait is over that doubles with each code of the day beyond the first few.
func grown(sent []time.Time, t Terms) time.Time {
	if len(sent) == 0 || len(sent) < t.WaitDoublesAfter {
		return time.Time{}
	}
	wait := t.ResendAfter
	for i := t.WaitDoublesAfter; i <= len(sent) && wait < day; i++ {
		wait *= 2
	}
	return sent[len(sent)-1].Add(min(wait, day))
}

func latest(times ...time.Time) (l time.Time) {
	for _, t := range times {
		if t.After(l) {
			l = t
		}
	}
	return l
}

// WrongCodes are wrong codes that were tried for an account.
type WrongCodes struct {
	Count int
	Since time.Time // when the first of them was; zero where there are none
}

// wrongCodes is how many wrong codes count. Those that are old are forgotten, as long as the account is not kept out for them: that
// ends by an administrator's word alone (NIST SP 800-63B-4 §3.2.2).
func wrongCodes(ctx context.Context, tx Limits, account string, t Terms, now time.Time) (int, error) {
	n, err := tx.WrongCodes(ctx, account)
	if err != nil {
		return 0, fmt.Errorf("count the account's wrong codes: %w", err)
	}
	if n == 0 || n >= t.WrongCodes {
		return n, nil
	}
	old, err := tx.ForgetWrongCodes(ctx, account, now.Add(-t.WrongCodesFor))
	if err != nil {
		return 0, fmt.Errorf("forget the account's old wrong codes: %w", err)
	}
	return n - old, nil
}

// Limits count what an account has used up, across all of its challenges and flows.
type Limits interface {
	// CodesSince returns when codes were sent to the account from then on, oldest first: the reserved ones, or the others.
	CodesSince(ctx context.Context, account string, reserved bool, since time.Time) ([]time.Time, error)
	// WrongCodes is how many wrong codes count against the account.
	WrongCodes(ctx context.Context, account string) (int, error)
	// AddWrongCode counts one that was tried in a flow.
	AddWrongCode(ctx context.Context, account, flow string, at time.Time) error
	// ClearWrongCodes forgets those of a flow; of every flow where it is empty.
	ClearWrongCodes(ctx context.Context, account, flow string) error
	// ForgetWrongCodes forgets those from before then, and says how many there were.
	ForgetWrongCodes(ctx context.Context, account string, before time.Time) (int, error)
	// UntoldWrongCodes are those that the account's holder has not been told of after a right code.
	UntoldWrongCodes(ctx context.Context, account string) (WrongCodes, error)
	// TellWrongCodes keeps that the account's holder has been told of them.
	TellWrongCodes(ctx context.Context, account string) error
}

// WrongCodesOf is an account, and how many wrong codes count against it.
type WrongCodesOf struct {
	Account string
	Name    string // what it was called last; empty: not known
	Count   int
}
