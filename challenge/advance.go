package challenge

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// Advance takes one submission one step further under the given terms: it issues a code, shows the one that is out,
// sends another, gives up, or verifies. It is called only where the policy asks for a second step. An error means that
// nothing may be let in and nothing of the unit of work may be kept. Last is the latest challenge of the account in the flow, nil
// where there is none.
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
		// NIST SP 800-63B-4 §3.2.2: without this, each new code would bring ten new guesses, for ever.
		return Outcome{State: Refused, Reason: ReasonWrongCodes}, nil
	case last == nil:
		return c.send(ctx, tx, s, t, nil, CodeSent)
	case last.Closed == ClosedCancelled:
		// Giving up and coming back must not be a way around the wait between two codes.
		return c.send(ctx, tx, s, t, last, CodeSent)
	case !last.Open():
		// Passed or invalidated: this flow has had its chance. What was accepted once is accepted for nothing else.
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

// Withdraw is called where the policy asks for no second step, and says how that affects one under way. A person who is
// just submitting a code is told to sign in again: what the code was asked for no longer holds (contract, section 1). The
// returned state is Passed where nothing stands in the way.
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

// send sends a code in place of the last one of this flow, which is dead from then on. It does so when the wait between two
// codes is over and the account has not had too many: each costs its holder a mail, and brings a thief ten more guesses.
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
	waits := c.MailWaits() || last != nil && last.Mail == MailWaiting // its mail goes the same way
	return c.issue(ctx, tx, s, t, as, waits)
}

// issue makes a new challenge, and sends its code. Waits says that the mail will not go out at once, as far as is known.
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

// toTell are the wrong codes that the mail tells the account's holder of: those since the last right one, once they are enough to
// be more than slips.
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

// show repeats what stands, and sends nothing: reloading a page must not fill a mailbox.
func show(last *Challenge, now time.Time) Outcome {
	switch {
	case last.AttemptsLeft() == 0:
		return Outcome{State: AttemptsExceeded, Challenge: last}
	case last.expired(now):
		return Outcome{State: CodeExpired, Challenge: last}
	}
	return Outcome{State: CodeSent, Challenge: last}
}

// verify compares a code. The order is what makes it safe: the try is counted before the comparison, so that whatever
// fails afterwards has cost one (OWASP ASVS 5.0 6.6.3); and the challenge is closed by an update that hits exactly one open
// row, so that one code opens one session (NIST SP 800-63B-4 §3.1.3.2).
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

// clearOwn forgets the wrong codes of the flow in which the right one came, and returns those of other flows, to be told of once. They
// go on counting: a thief who knows the password would else begin anew with each sign-in of the account's holder.
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

// remember keeps the device on which a right code was just entered, if that was asked for and offered. A token is worth
// nothing before this.
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
