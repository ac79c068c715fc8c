package hooks

import (
	"context"
	"errors"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/policies"
)

// privilegedFor is how long a sign-in may be used to set a new password: Kratos' own default of
// selfservice.flows.settings.privileged_session_max_age. Where Kratos' is shorter, Kratos asks for the password again.
const privilegedFor = time.Hour

// settings answers the call before a new password is kept. Kratos makes it first and keeps the password only after 204, so
// that no session sets one that has not earned what the account is asked for, and that there is no new password whose old devices
// are still remembered. Repeats do no harm.
func (h *Handler) settings(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), answerWithin)
	defer cancel()
	call, err := h.read(c)
	if err != nil {
		h.Log.WarnContext(ctx, "a call from Kratos was not understood", "err", err)
		return h.unavailable(call, err.Error()).write(c)
	}
	var a answer
	err = h.Store.Update(ctx, call.payload.Identity.ID, func(tx challenge.Tx) error {
		var err error
		a, err = h.newPassword(ctx, tx, call)
		return err
	})
	if err != nil {
		h.Log.ErrorContext(ctx, "a new password was refused because it could not be recorded",
			"account", call.payload.Identity.ID, "err", err)
		return h.unavailable(call, "").write(c)
	}
	return a.write(c)
}

// newPassword asks the policies what the session is worth, and does what they say.
func (h *Handler) newPassword(ctx context.Context, tx challenge.Tx, c call) (answer, error) {
	account := c.payload.Identity.ID
	settings, err := tx.Settings(ctx)
	if err != nil {
		return answer{}, err
	}
	signIn, err := h.signInOf(ctx, tx, c.payload)
	if err != nil {
		return answer{}, err
	}
	d, undecided := h.Policies.Settings(ctx, policies.CapabilitiesInput{
		Now: h.Now().UTC(), Settings: PolicySettings(settings), Account: PolicyAccount(c.payload.Identity, c.person),
		Session: PolicySession(signIn),
	})
	if undecided != nil {
		h.Log.ErrorContext(ctx, "a new password was refused because it could not be decided", "account", account, "err", undecided)
		d = policies.SettingsDecision{Reason: "undecided"}
	}
	h.Log.InfoContext(ctx, "new password", "account", account, "action", d.Action, "reason", d.Reason)
	if d.Action == policies.ActionAllow {
		return goOn(), h.Challenger.PasswordChanged(ctx, tx, account, c.person.Account)
	}
	i := interruption{state: challenge.SignInAgain, message: h.texts.say(c.locale, "password_refused", facts{}), locale: c.locale, now: h.Now()}
	if undecided != nil {
		i.state, i.message = stateUnavailable, ""
	}
	err = tx.AddRecord(ctx, challenge.Record{
		At: h.Now(), Kind: "password_refused", Account: account, Name: c.person.Account, Flow: c.payload.Flow.ID, State: string(i.state),
		Reason: d.Reason,
	})
	if err != nil {
		return answer{}, err
	}
	return interrupt(h.texts, i)
}

// signInOf is the sign-in that the session was begun with. Kratos before version 26 does not say which session asks: there, the
// newest sign-in of the account with a second step stands for the session, as long as Kratos would take one for privileged. A thief
// whose own session had none has to wait for the account's holder to sign in.
func (h *Handler) signInOf(ctx context.Context, tx challenge.Tx, p payload) (challenge.SignIn, error) {
	var found *challenge.SignIn
	var err error
	if p.Session.at.IsZero() {
		found, err = tx.LatestSecondStep(ctx, p.Identity.ID, h.Now().Add(-privilegedFor))
	} else {
		found, err = tx.SignIn(ctx, p.Identity.ID, p.Session.at)
	}
	if errors.Is(err, challenge.ErrNotFound) {
		return challenge.UnknownSignIn(p.Identity.ID, p.Session.at), nil
	}
	if err != nil {
		return challenge.SignIn{}, err
	}
	return *found, nil
}

// PolicySession is a sign-in as the policies are told of the session that it began.
func PolicySession(s challenge.SignIn) policies.Session {
	return policies.Session{Known: s.SecondStep != challenge.StepUnknown, Channel: s.Channel, SecondStep: string(s.SecondStep)}
}
