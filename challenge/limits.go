package challenge

import (
	"context"
	"fmt"
	"time"
)

// day is the longer of the two periods in which an account's codes are counted. The shorter one is Terms.CodesWithin.
const day = 24 * time.Hour

// nextCode is the time from which the account may get another code; the zero time means now. An attacker who knows the password can cause
// codes to be sent, and so use up the codes of the holder. A client that the account was remembered on before, however long ago, therefore
// has codes of its own that are counted apart.
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

// reserved says whether the submission comes from a client with codes of its own.
func (t Terms) reserved(s Submission) bool { return s.Known && t.ReservedPerDay > 0 }

// notMore is the time from which fewer than most codes (1 at least) lie in the period; the zero time means now.
func notMore(sent []time.Time, most int, within time.Duration) time.Time {
	if len(sent) < most {
		return time.Time{}
	}
	return sent[len(sent)-most].Add(within)
}

// grown is the end of the wait that doubles with each code of the last 24 hours after the first WaitDoublesAfter.
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

// WrongCodes counts wrong codes that were tried for an account.
type WrongCodes struct {
	Count int
	Since time.Time // when the first of them was tried; zero: there are none
}

// wrongCodes returns how many wrong codes count against the account. Old ones are deleted, but not those of an account that is already
// refused because of them: only an administrator ends that (NIST SP 800-63B-4 §3.2.2).
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

// Limits counts the codes and wrong codes of an account, across all of its challenges and flows.
type Limits interface {
	// CodesSince returns the times at which codes were sent to the account since then, oldest first: the reserved codes, or the others.
	CodesSince(ctx context.Context, account string, reserved bool, since time.Time) ([]time.Time, error)
	// WrongCodes is how many wrong codes count against the account.
	WrongCodes(ctx context.Context, account string) (int, error)
	// AddWrongCode counts one wrong code in a flow.
	AddWrongCode(ctx context.Context, account, flow string, at time.Time) error
	// ClearWrongCodes deletes the wrong codes of a flow. An empty flow means all flows of the account.
	ClearWrongCodes(ctx context.Context, account, flow string) error
	// ForgetWrongCodes deletes the wrong codes from before that time and returns their number.
	ForgetWrongCodes(ctx context.Context, account string, before time.Time) (int, error)
	// UntoldWrongCodes are the wrong codes that the holder was not told of after a right code.
	UntoldWrongCodes(ctx context.Context, account string) (WrongCodes, error)
	// TellWrongCodes stores that the holder was told of all wrong codes so far.
	TellWrongCodes(ctx context.Context, account string) error
}

// WrongCodesOf is how many wrong codes count against one account.
type WrongCodesOf struct {
	Account string
	Name    string // the newest known name of the account; empty: none is known
	Count   int
}
