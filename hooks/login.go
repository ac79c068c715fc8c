package hooks

import (
	"context"
	"errors"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/policies"
)

// login answers the call after a correct password.
func (h *Handler) login(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), answerWithin)
	defer cancel()
	call, err := h.read(c)
	var key string
	if err == nil {
		key, err = deliveryKey(c.Request().Header, call.payload)
	}
	if err != nil {
		h.Log.WarnContext(ctx, "a call from Kratos was not understood", "err", err)
		return h.unavailable(call, err.Error()).write(c)
	}
	var a answer
	err = h.Store.Update(ctx, call.payload.Identity.ID, func(tx challenge.Tx) error {
		var err error
		a, err = h.answerOnce(ctx, tx, call, key)
		return err
	})
	if errors.Is(err, errOtherBody) {
		h.Log.WarnContext(ctx, "a call from Kratos was not understood", "flow", call.payload.Flow.ID, "err", err)
		return h.unavailable(call, err.Error()).write(c)
	}
	if err != nil {
		// What was done is undone with the transaction; whoever asked is not let in.
		h.Log.ErrorContext(ctx, "a sign-in was refused because it could not be recorded",
			"account", call.payload.Identity.ID, "flow", call.payload.Flow.ID, "err", err)
		return h.unavailable(call, "").write(c)
	}
	return a.write(c)
}

// decide asks the policies, does what they say, and records both.
func (h *Handler) decide(ctx context.Context, tx challenge.Tx, c call) (answer, error) {
	settings, err := tx.Settings(ctx)
	if err != nil {
		return answer{}, err
	}
	last, err := tx.LatestChallenge(ctx, c.payload.Identity.ID, c.payload.Flow.ID)
	if err != nil && !errors.Is(err, challenge.ErrNotFound) {
		return answer{}, err
	}
	open := last
	if last != nil && !last.Open() {
		open = nil
	}
	device, err := h.knownDevice(ctx, tx, c.payload)
	if err != nil {
		return answer{}, err
	}
	in := policyInput(h.Now().In(h.TimeZone), settings, c, device, open)
	verdict, err := h.Policies.Login(ctx, in)
	if err != nil {
		h.Log.ErrorContext(ctx, "a sign-in was refused because it could not be decided",
			"account", in.Account.ID, "flow", c.payload.Flow.ID, "revision", verdict.Revision, "err", err)
		verdict.Decision = policies.Decision{Reason: "undecided"}
	}
	d := verdict.Decision
	out, err := h.carryOut(ctx, tx, c, d, last, device != nil)
	if err != nil {
		return answer{}, err
	}
	if err := h.record(ctx, tx, c, verdict, out); err != nil {
		return answer{}, err
	}
	if out.State == challenge.Passed {
		return goOn(), recordSignIn(ctx, tx, c, d, out.WrongCodes)
	}
	return interrupt(h.texts, interruption{
		state: out.State, challenge: out.Challenge, retryAt: out.RetryAt, deviceToken: h.tokenToShow(c.payload, out.Challenge),
		capabilities: d.Capabilities, message: d.Message, locale: c.locale, now: h.Now(),
	})
}

// carryOut does what was decided, for a client by which the account was remembered before, or not. What is not one of the three
// actions refuses.
func (h *Handler) carryOut(ctx context.Context, tx challenge.Tx, c call, d policies.Decision, last *challenge.Challenge, known bool) (challenge.Outcome, error) {
	s, err := h.submission(ctx, tx, c, d)
	if err != nil {
		return challenge.Outcome{}, err
	}
	s.Known = known
	switch d.Action {
	case policies.ActionAllow:
		if d.Reason == "account_off" {
			// Switched on again some day, the account is to be asked again, wherever it was remembered before.
			if _, err := tx.ForgetDevices(ctx, s.Account); err != nil {
				return challenge.Outcome{}, err
			}
		}
		return h.Challenger.Withdraw(ctx, tx, last, s)
	case policies.ActionChallenge:
		if s.Email == "" {
			h.Log.ErrorContext(ctx, "a sign-in was refused: the policies ask for a code, and there is no address",
				"account", s.Account, "reason", d.Reason)
			return challenge.Outcome{State: stateUnavailable}, nil
		}
		return h.Challenger.Advance(ctx, tx, last, s, terms(d))
	case policies.ActionRefuse:
		return challenge.Outcome{State: refusal(d.Reason)}, nil
	}
	return challenge.Outcome{State: stateUnavailable}, nil
}

// recordSignIn keeps how a session came to be, for as long as it may be asked what it is worth. Newer versions of Kratos need
// not say when it was; what is not found again is worth the least.
func recordSignIn(ctx context.Context, tx challenge.Tx, c call, d policies.Decision, wrong challenge.WrongCodes) error {
	if c.payload.Session.at.IsZero() {
		return nil
	}
	s := challenge.SignIn{Account: c.payload.Identity.ID, AuthenticatedAt: c.payload.Session.at, Channel: d.Channel, WrongCodes: wrong}
	switch {
	case d.Action == policies.ActionChallenge:
		s.SecondStep = challenge.StepPassed
	case d.Reason == "device_remembered":
		s.SecondStep = challenge.StepRemembered
	default:
		s.SecondStep = challenge.StepNotAsked
	}
	return tx.AddSignIn(ctx, s)
}

func terms(d policies.Decision) challenge.Terms {
	limits := policies.UsualLimits()
	if d.Limits != nil {
		limits = *d.Limits
	}
	return challenge.Terms{
		Length:           d.Code.Length,
		TTL:              time.Duration(d.Code.TTLSeconds) * time.Second,
		MaxAttempts:      d.Code.MaxAttempts,
		ResendAfter:      time.Duration(d.Code.ResendAfterSeconds) * time.Second,
		RememberDays:     d.RememberDays,
		Codes:            limits.Codes,
		CodesWithin:      time.Duration(limits.CodesWithinSeconds) * time.Second,
		CodesPerDay:      limits.CodesPerDay,
		WaitDoublesAfter: limits.WaitDoublesAfter,
		ReservedPerDay:   limits.ReservedCodesPerDay,
		WrongCodes:       limits.WrongCodes,
		WrongCodesFor:    time.Duration(limits.WrongCodeDays) * 24 * time.Hour,
		TellWrongCodes:   limits.TellWrongCodes,
	}
}

// refusal is the state in which a refusal is shown. Three reasons are told as "sign in again", so that whoever tries
// passwords does not learn which accounts are locked.
func refusal(reason string) challenge.State {
	switch reason {
	case "account_locked", "password_expired", "account_inactive":
		return challenge.SignInAgain
	case "client_too_old":
		return stateClientTooOld
	}
	return challenge.Refused
}

func (h *Handler) submission(
	ctx context.Context, tx challenge.Tx, c call, d policies.Decision,
) (challenge.Submission, error) {
	says := c.payload.Flow.TransientPayload.TwoFactor
	s := challenge.Submission{
		Account: c.payload.Identity.ID, Name: c.person.Account, Flow: c.payload.Flow.ID, Channel: d.Channel, Email: c.person.Email,
		Locale: c.locale, Device: h.deviceToRemember(c),
		Action: challenge.Action(says.Action), Code: challenge.NormalizeCode(says.Code),
	}
	if d.Action != policies.ActionChallenge {
		return s, nil // no code is compared with what it was issued on
	}
	changed, err := tx.PasswordChanged(ctx, c.payload.Identity.ID)
	if err != nil {
		return challenge.Submission{}, err
	}
	s.Facts = challenge.Facts{
		Email: c.person.Email, Role: c.person.Role, State: c.payload.Identity.State, TwoFactor: c.person.TwoFactor,
		PasswordChanged: changed,
	}.Digest()
	return s, nil
}

// record writes down the sign-in: what was asked of the policies, what they said, and how it ended.
func (h *Handler) record(ctx context.Context, tx challenge.Tx, c call, v policies.Verdict, out challenge.Outcome) error {
	detail, err := v.Kept.JSON()
	if err != nil {
		return err
	}
	r := challenge.Record{
		At: h.Now(), Kind: "sign_in", Account: c.payload.Identity.ID, Name: c.person.Account, Flow: c.payload.Flow.ID,
		State:  string(out.State),
		Reason: v.Reason, Revision: v.Revision, Detail: detail,
	}
	if out.Challenge != nil {
		r.Challenge = out.Challenge.ID
	}
	if out.Reason != "" {
		r.Reason = out.Reason
	}
	if out.State == challenge.Passed && v.Action == policies.ActionAllow {
		r.State = "allowed"
	}
	if err := tx.AddRecord(ctx, r); err != nil {
		return err
	}
	h.Log.InfoContext(ctx, "sign-in", "account", r.Account, "flow", r.Flow, "state", r.State, "reason", r.Reason)
	return nil
}
