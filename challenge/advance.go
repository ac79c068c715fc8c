package challenge

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// Advance carries out one submission of a sign-in for which the policy asks for a second step. Advance sends a code, shows the open
// challenge again, sends another code, cancels the challenge, or verifies the submitted code. Last is the newest challenge of the account
// in the flow; nil means that there is none. On an error, the caller must refuse the sign-in and roll the transaction back.
func (c *Challenger) Advance(ctx context.Context, tx Tx, last *Challenge, s Submission, t Terms) (Outcome, error) {
	now := c.now()
	if s.Action == ActionCancel {
		return c.cancel(ctx, tx, last, now)
	}
	if last != nil && last.Mail == MailWaiting && !c.MailWaits() && !last.mailIsLate(now) {
		last.Mail = "" // it is on its way
	}
	wrong, err := wrongCodes(ctx, tx, s.Account, t, now)
	if err != nil {
		return Outcome{}, err
	}
	switch {
	case wrong >= t.WrongCodes:
		// NIST SP 800-63B-4 §3.2.2. Without this limit, each new code would give an attacker ten more guesses.
		return Outcome{State: Refused, Reason: ReasonWrongCodes}, nil
	case last == nil:
		return c.send(ctx, tx, s, t, nil, CodeSent)
	case last.Closed == ClosedCancelled:
		// The wait between two codes also holds after a cancellation: otherwise a client could cancel to skip the wait.
		return c.send(ctx, tx, s, t, last, CodeSent)
	case !last.Open():
		// Passed or invalidated. One flow gets one challenge: a code that was accepted once is not accepted again.
		return Outcome{State: SignInAgain}, nil
	case !bytes.Equal(last.Facts, s.Facts):
		return c.invalidate(ctx, tx, last, now)
	case s.Action == ActionResend:
		return c.send(ctx, tx, s, t, last, CodeResent)
	case s.Code == "":
		return show(last, now), nil
	}
	return c.verify(ctx, tx, last, s, now)
}

// Withdraw carries out one submission of a sign-in for which the policy asks for no second step. If the flow has an open challenge and the
// client submits a code or asks for another one, the person has to sign in again, because the reason for the code is gone (contract,
// section 1). Otherwise the state is Passed.
func (c *Challenger) Withdraw(ctx context.Context, tx Tx, last *Challenge, s Submission) (Outcome, error) {
	now := c.now()
	switch {
	case s.Action == ActionCancel:
		return c.cancel(ctx, tx, last, now)
	case last != nil && last.Open() && (s.Code != "" || s.Action == ActionResend):
		return c.invalidate(ctx, tx, last, now)
	}
	return Outcome{State: Passed}, nil
}

// send sends a new code and closes the last challenge of the flow. If the wait between two codes is not over, or the account has received
// too many codes, the state is TooManyCodes: each code costs the account's holder a mail and gives a thief ten more guesses.
func (c *Challenger) send(ctx context.Context, tx Tx, s Submission, t Terms, last *Challenge, as State) (Outcome, error) {
	now := c.now()
	retryAt, err := nextCode(ctx, tx, s, t, now)
	if err != nil {
		return Outcome{}, err
	}
	if last != nil && last.ResendAt.After(retryAt) {
		retryAt = last.ResendAt
	}
	if now.Before(retryAt) {
		return Outcome{State: TooManyCodes, Challenge: last, RetryAt: retryAt}, nil
	}
	if last != nil && last.Open() {
		if _, err := tx.CloseChallenge(ctx, last.ID, ClosedSuperseded, now); err != nil {
			return Outcome{}, fmt.Errorf("close the older challenge: %w", err)
		}
	}
	waits := c.MailWaits() || last != nil && last.Mail == MailWaiting // the new mail waits behind the last one
	return c.issue(ctx, tx, s, t, as, waits)
}

// issue makes a new challenge and sends its code. Waits says that the mail will probably not leave at once.
func (c *Challenger) issue(ctx context.Context, tx Tx, s Submission, t Terms, as State, waits bool) (Outcome, error) {
	now := c.now()
	id, err := newID(c.Rand)
	if err != nil {
		return Outcome{}, err
	}
	code, err := newCode(c.Rand, t.Length)
	if err != nil {
		return Outcome{}, err
	}
	ch := &Challenge{
		ID: id, Account: s.Account, Flow: s.Flow, Channel: s.Channel, SentTo: MaskEmail(s.Email), Facts: s.Facts,
		Reserved: t.reserved(s), CodeMAC: c.Keys.MAC(codePurpose(id), []byte(code)), CodeLength: t.Length, MaxAttempts: t.MaxAttempts,
		RememberDays: t.RememberDays, IssuedAt: now, ExpiresAt: now.Add(t.TTL), ResendAt: now.Add(t.ResendAfter),
	}
	if waits {
		ch.Mail = MailWaiting
	}
	if err := tx.AddChallenge(ctx, ch); err != nil {
		return Outcome{}, fmt.Errorf("keep the challenge: %w", err)
	}
	told, err := c.toTell(ctx, tx, s.Account, t)
	if err != nil {
		return Outcome{}, err
	}
	m := Message{
		Challenge: id, Account: s.Account, Name: s.Name, Flow: s.Flow, To: s.Email, Locale: s.Locale,
		Sealed: c.Keys.Seal(code, mailContext(id)), ValidFor: t.TTL, ExpiresAt: ch.ExpiresAt,
		WrongCodes: told,
	}
	if err := tx.Send(ctx, m); err != nil {
		return Outcome{}, fmt.Errorf("send the code: %w", err)
	}
	return Outcome{State: as, Challenge: ch}, nil
}

// toTell returns the wrong codes that the mail reports to the account's holder: the codes tried since the last right one. Below
// [Terms.TellWrongCodes] they are taken for typing errors and are not reported.
func (c *Challenger) toTell(ctx context.Context, tx Limits, account string, t Terms) (WrongCodes, error) {
	wrong, err := tx.UntoldWrongCodes(ctx, account)
	if err != nil {
		return WrongCodes{}, fmt.Errorf("read the account's wrong codes: %w", err)
	}
	if wrong.Count < t.TellWrongCodes {
		return WrongCodes{}, nil
	}
	return wrong, nil
}

func (c *Challenger) cancel(ctx context.Context, tx Challenges, last *Challenge, now time.Time) (Outcome, error) {
	if last != nil && last.Open() {
		if _, err := tx.CloseChallenge(ctx, last.ID, ClosedCancelled, now); err != nil {
			return Outcome{}, fmt.Errorf("close the challenge given up: %w", err)
		}
	}
	return Outcome{State: Cancelled}, nil
}

func (c *Challenger) invalidate(ctx context.Context, tx Challenges, last *Challenge, now time.Time) (Outcome, error) {
	if _, err := tx.CloseChallenge(ctx, last.ID, ClosedInvalidated, now); err != nil {
		return Outcome{}, fmt.Errorf("close the outdated challenge: %w", err)
	}
	return Outcome{State: SignInAgain}, nil
}

// show returns the state of the open challenge and sends nothing: a reload of the page must not cause another mail.
func show(last *Challenge, now time.Time) Outcome {
	switch {
	case last.AttemptsLeft() == 0:
		return Outcome{State: AttemptsExceeded, Challenge: last}
	case last.expired(now):
		return Outcome{State: CodeExpired, Challenge: last}
	}
	return Outcome{State: CodeSent, Challenge: last}
}

// verify compares the submitted code. The order matters. The try is counted before the comparison, so a failure after the comparison
// cannot give the try back (OWASP ASVS 5.0 6.6.3). The challenge is closed by an UPDATE that must change exactly one open row, so one code
// opens one session (NIST SP 800-63B-4 §3.1.3.2).
func (c *Challenger) verify(ctx context.Context, tx Tx, last *Challenge, s Submission, now time.Time) (Outcome, error) {
	if shown := show(last, now); shown.State != CodeSent {
		return shown, nil
	}
	counted, err := tx.CountAttempt(ctx, last.ID)
	if err != nil {
		return Outcome{}, fmt.Errorf("count the try: %w", err)
	}
	if !counted {
		return Outcome{State: AttemptsExceeded, Challenge: last}, nil
	}
	last.Attempts++
	if err := tx.AddWrongCode(ctx, s.Account, s.Flow, now); err != nil {
		return Outcome{}, fmt.Errorf("count the try for the account: %w", err)
	}
	if !c.Keys.VerifyMAC(last.CodeMAC, codePurpose(last.ID), []byte(s.Code)) {
		if last.AttemptsLeft() == 0 {
			return Outcome{State: AttemptsExceeded, Challenge: last}, nil
		}
		return Outcome{State: CodeMismatch, Challenge: last}, nil
	}
	closed, err := tx.CloseChallenge(ctx, last.ID, ClosedPassed, now)
	if err != nil {
		return Outcome{}, fmt.Errorf("use up the code: %w", err)
	}
	if !closed {
		return Outcome{State: SignInAgain}, nil
	}
	others, err := clearOwn(ctx, tx, s)
	if err != nil {
		return Outcome{}, err
	}
	if err := c.remember(ctx, tx, last, s.Device, now); err != nil {
		return Outcome{}, err
	}
	return Outcome{State: Passed, Challenge: last, WrongCodes: others}, nil
}

// clearOwn deletes the wrong codes of the flow in which the right code was entered. It returns the wrong codes of other flows that the
// holder was not yet told of. The wrong codes of other flows still count: otherwise each sign-in of the holder would give a thief who
// knows the password a full set of new guesses.
func clearOwn(ctx context.Context, tx Limits, s Submission) (WrongCodes, error) {
	if err := tx.ClearWrongCodes(ctx, s.Account, s.Flow); err != nil {
		return WrongCodes{}, fmt.Errorf("clear the flow's wrong codes: %w", err)
	}
	others, err := tx.UntoldWrongCodes(ctx, s.Account)
	if err == nil && others.Count > 0 {
		err = tx.TellWrongCodes(ctx, s.Account)
	}
	if err != nil {
		return WrongCodes{}, fmt.Errorf("read the account's wrong codes: %w", err)
	}
	return others, nil
}

// remember stores the device on which the right code was entered, if the person asked for this and the policy offers it. Before this
// call, the device's token has no effect.
func (c *Challenger) remember(ctx context.Context, tx Devices, passed *Challenge, d *Device, now time.Time) error {
	if d == nil || passed.RememberDays == 0 {
		return nil
	}
	kept := *d
	if kept.TokenHash == nil {
		kept.TokenHash = HashDeviceToken(c.DeviceToken(passed.ID))
	}
	if kept.Replaces != nil {
		if err := tx.RenewDevice(ctx, kept.Replaces, kept.TokenHash); err != nil {
			return fmt.Errorf("renew the device's token: %w", err)
		}
	}
	kept.Account, kept.Channel, kept.VerifiedAt = passed.Account, passed.Channel, now
	if err := tx.RememberDevice(ctx, kept); err != nil {
		return fmt.Errorf("remember the device: %w", err)
	}
	return nil
}
