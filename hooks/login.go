package hooks

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/policies"
	"nidan/records"
)

// login answers the call that Kratos makes after a correct first factor, whatever the method. The policies decide before the transaction
// begins, so that no other sign-in waits for the policies. If the situation has changed when the transaction begins, they decide again.
func (h *Handler) login(c echo.Context) error {
	return h.watched(c, HookLogin, func(ctx context.Context) (answer, Ended) { return h.signIn(ctx, c) })
}

func (h *Handler) signIn(ctx context.Context, c echo.Context) (answer, Ended) {
	call, err := h.read(c)
	var key string
	if err == nil {
		key, err = deliveryKey(c.Request().Header, call.payload)
	}
	if err != nil {
		h.Log.WarnContext(ctx, "a call from Kratos was not understood", "err", err)
		return h.unavailable(call, err.Error()), Ended{State: string(stateUnavailable), Reason: reasonNotUnderstood}
	}
	ctx = known(ctx, call)
	s := &signIn{Handler: h, call: call, key: exchange.Call{
		Delivery: key, Account: call.payload.Identity.ID, Flow: call.payload.Flow.ID, DeviceToken: h.deviceToken(call.payload),
	}}
	a, err := s.answer(ctx)
	if errors.Is(err, errOtherBody) {
		h.Log.WarnContext(ctx, "a call from Kratos was not understood", "err", err)
		return h.unavailable(call, err.Error()), s.ended(stateUnavailable, reasonNotUnderstood)
	}
	if err != nil {
		// The transaction was rolled back, and the person is not let in.
		h.Log.ErrorContext(ctx, "a sign-in was refused because it could not be recorded", "account", s.key.Account, "err", err)
		return h.unavailable(call, ""), s.ended(stateUnavailable, reasonNotRecorded)
	}
	return a, s.ended(challenge.State(s.done.State), s.done.Reason)
}

// signIn is one call of the login hook.
type signIn struct {
	*Handler
	call call
	key  exchange.Call

	situation exchange.Situation // the situation that the verdict was made in
	factors   *policies.Factors  // second factors of the account in Kratos; nil: not looked up
	verdict   policies.Verdict
	detail    []byte // of the record
	done      records.Record
}

// ended is the result of the sign-in, for metrics, traces and the log.
func (s *signIn) ended(state challenge.State, reason string) Ended {
	return Ended{
		Account: s.key.Account, Flow: s.key.Flow, Action: s.verdict.Action, Reason: reason, Channel: s.verdict.Channel,
		State: string(state),
	}
}

// answer decides, carries the decision out, and returns the answer.
func (s *signIn) answer(ctx context.Context) (a answer, err error) {
	seen, err := s.Store.Situation(ctx, s.key)
	if err != nil {
		return answer{}, err
	}
	if !seen.Answered {
		if err := s.decide(ctx, seen, false); err != nil {
			return answer{}, err
		}
	}
	err = s.Store.Update(ctx, s.key.Account, func(tx exchange.Tx) error {
		now, err := tx.Situation(ctx, s.key)
		if err != nil {
			return err
		}
		if now.Answered {
			s.done = records.Record{State: Repeated, Reason: Repeated}
			a, err = s.repeat(ctx, tx)
			return err
		}
		if !now.Equal(seen) {
			if err := s.decide(ctx, now, true); err != nil {
				return err
			}
		}
		a, s.done, err = s.carryOut(ctx, tx)
		if err != nil {
			return err
		}
		return s.keepAnswer(ctx, tx, a)
	})
	return a, err
}

// decide asks the policies. Inside says that a transaction is open.
func (s *signIn) decide(ctx context.Context, on exchange.Situation, inside bool) (err error) {
	s.situation = on
	now := s.Now().In(s.TimeZone)
	in := policyInput(now, s.call, on)
	in.Today, in.Device.ID = s.days.of(now), challenge.DeviceName(s.key.DeviceToken)
	if s.verdict, err = s.ask(ctx, in, inside); err != nil {
		s.Log.ErrorContext(ctx, "a sign-in was refused because it could not be decided",
			"account", s.key.Account, "revision", s.verdict.Revision, "err", err)
		s.verdict.Decision = policies.Decision{Reason: reasonUndecided}
	}
	s.detail, err = s.verdict.Kept.JSON()
	return err
}

// carryOut does what the policies decided, and records it.
func (s *signIn) carryOut(ctx context.Context, tx exchange.Tx) (answer, records.Record, error) {
	out, err := s.do(ctx, tx)
	if err != nil {
		return answer{}, records.Record{}, err
	}
	r := s.record(out)
	if err := tx.AddRecord(ctx, r); err != nil {
		return answer{}, r, err
	}
	if out.State == challenge.Passed {
		return goOn(), r, s.recordSession(ctx, tx, out.WrongCodes)
	}
	a, err := interrupt(s.texts, interruption{
		state: out.State, challenge: out.Challenge, retryAt: out.RetryAt, deviceToken: s.tokenToShow(s.call.payload, out.Challenge),
		capabilities: s.verdict.Capabilities, message: s.verdict.Message.In(s.call.locale), locale: s.call.locale, now: s.Now(),
	})
	return a, r, err
}

// do does what the policies decided. An action that is not one of the three refuses the sign-in.
func (s *signIn) do(ctx context.Context, tx exchange.Tx) (challenge.Outcome, error) {
	var last *challenge.Challenge
	var err error
	if s.situation.Challenge.ID != "" {
		if last, err = tx.LatestChallenge(ctx, s.key.Account, s.key.Flow); err != nil {
			return challenge.Outcome{}, err
		}
	}
	if s.verdict.ForgetDevices && s.situation.HasDevices {
		if _, err := tx.ForgetDevices(ctx, s.key.Account); err != nil {
			return challenge.Outcome{}, err
		}
	}
	switch s.verdict.Action {
	case policies.ActionAllow:
		return s.Challenger.Withdraw(ctx, tx, last, s.submission())
	case policies.ActionChallenge:
		if s.verdict.By() == policies.ByAAL2 { // Kratos asks for the factor in the session that begins now
			return s.Challenger.Withdraw(ctx, tx, last, s.submission())
		}
		if s.call.person.Email == "" {
			s.Log.ErrorContext(ctx, "a sign-in was refused: the policies ask for a code, and there is no address",
				"account", s.key.Account, "reason", s.verdict.Reason)
			return challenge.Outcome{State: stateUnavailable}, nil
		}
		return s.Challenger.Advance(ctx, tx, last, s.submission(), terms(s.verdict.Decision))
	case policies.ActionRefuse:
		return challenge.Outcome{State: cmp.Or(challenge.State(s.verdict.State), challenge.Refused)}, nil
	}
	return challenge.Outcome{State: stateUnavailable}, nil
}

// recordSession stores how the sign-in met the second step, so that Nidan can later say what the session is worth. If Kratos does not send
// session.authenticated_at, nothing is stored, and the session gets the least capabilities.
func (s *signIn) recordSession(ctx context.Context, tx exchange.SignIns, wrong challenge.WrongCodes) error {
	at := s.call.payload.Session.at
	if at.IsZero() {
		return nil
	}
	kept := exchange.SignIn{Account: s.key.Account, AuthenticatedAt: at, Channel: s.verdict.Channel, WrongCodes: wrong}
	switch {
	case s.verdict.Action == policies.ActionChallenge && s.verdict.By() == policies.ByAAL2:
		kept.SecondStep = exchange.StepAAL2Needed
	case s.verdict.SecondStep == policies.SecondStepEnrolOnly:
		kept.SecondStep = exchange.StepEnrolOnly
	case s.verdict.Action == policies.ActionChallenge || s.verdict.SecondStep == policies.SecondStepPassed:
		kept.SecondStep = exchange.StepPassed
	case s.verdict.SecondStep == policies.SecondStepRemembered:
		kept.SecondStep = exchange.StepRemembered
	default:
		kept.SecondStep = exchange.StepNotAsked
	}
	return tx.AddSignIn(ctx, kept)
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

func (s *signIn) submission() challenge.Submission {
	says, who := s.call.payload.Flow.TransientPayload.TwoFactor, s.call.person
	return challenge.Submission{
		Account: s.key.Account, Name: who.Account, Flow: s.key.Flow, Channel: s.verdict.Channel, Email: who.Email,
		Locale: s.call.locale, Known: s.situation.Device.Known(), Device: s.deviceToRemember(s.call),
		Action: challenge.Action(says.Action), Code: challenge.NormalizeCode(says.Code),
		Facts: challenge.Facts{
			Email: who.Email, Role: who.Role, State: s.call.payload.Identity.State, TwoFactor: who.TwoFactor,
			PasswordChanged: s.situation.PasswordChanged, Method: s.otherMethod(),
		}.Digest(),
	}
}

// otherMethod is the method of the sign-in; empty for a password, so that the digests of [challenge.Facts] stay as in earlier versions.
func (s *signIn) otherMethod() string {
	if name := s.call.payload.Session.method(); name != passwordMethod {
		return name
	}
	return ""
}

// record is the record of the sign-in: input and decision of the policies, and the result.
func (s *signIn) record(out challenge.Outcome) records.Record {
	r := records.Record{
		At: s.Now(), Kind: "sign_in", Account: s.key.Account, Name: s.call.person.Account, Flow: s.key.Flow, State: string(out.State),
		Reason: s.verdict.Reason, Revision: s.verdict.Revision, Detail: s.detail,
	}
	if out.Challenge != nil {
		r.Challenge = out.Challenge.ID
	}
	if out.Reason != "" {
		r.Reason = out.Reason
	}
	if out.State == challenge.Passed && s.verdict.Action == policies.ActionAllow {
		r.State = stateAllowed
	}
	if out.State == challenge.Passed && s.verdict.Action == policies.ActionChallenge && s.verdict.By() == policies.ByAAL2 {
		r.State = string(exchange.StepAAL2Needed)
	}
	return r
}
