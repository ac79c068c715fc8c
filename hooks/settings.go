package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/kratos"
	"nidan/logs"
	"nidan/policies"
	"nidan/records"
)

// privilegedFor is for how long after a sign-in credentials may be changed. It is Kratos' default of
// selfservice.flows.settings.privileged_session_max_age. If Kratos' value is shorter, Kratos asks for the password earlier.
const privilegedFor = time.Hour

// The methods of Kratos' settings flow. The hook's URL in kratos.yml names the method, and each method has a hook of its own, because the
// call does not name it (v1.3.1). A client cannot choose the URL.
const (
	methodPassword = "password"
	methodAny      = "any" // a settings flow begins: the method is not known yet
	methodUnknown  = "unknown"
)

var settingsMethods = []string{methodPassword, "profile", "totp", "webauthn", "passkey", "lookup_secret", "oidc", methodAny}

// change is one change of an account's credentials or profile, before Kratos stores it.
type change struct {
	call
	method string
	// kept is the account before the change. Decisions use it, and not the account after the change: a change that removes the e-mail
	// address would otherwise also remove the need for a code.
	kept   kratos.Identity
	before kratos.Person
}

// settings answers the calls before a password, a second factor, a passkey, a provider or the profile is changed, and before a settings flow
// begins. Kratos stores the change only after 204, so a session that has not passed the second step of the account cannot make it. A
// repeated call is decided again, which does no harm.
func (h *Handler) settings(c echo.Context) error {
	method := c.QueryParam("method")
	if !slices.Contains(settingsMethods, method) {
		method = methodUnknown
	}
	return h.changed(c, method)
}

// newPassword answers the older route.
func (h *Handler) newPassword(c echo.Context) error { return h.changed(c, methodPassword) }

func (h *Handler) changed(c echo.Context, method string) error {
	return h.watched(c, HookSettings, func(ctx context.Context) (answer, Ended) { return h.answerChange(ctx, c, method) })
}

func (h *Handler) answerChange(ctx context.Context, c echo.Context, method string) (answer, Ended) {
	ctx = logs.With(ctx, slog.String("method", method))
	call, err := h.read(c)
	var ch change
	if err == nil {
		ch, err = h.changeOf(call, method)
	}
	if err != nil {
		h.Log.WarnContext(ctx, "a call from Kratos was not understood", "err", err)
		return h.unavailable(call, err.Error()), Ended{State: string(stateUnavailable), Reason: reasonNotUnderstood}
	}
	ctx = known(ctx, call)
	ended := Ended{Account: ch.kept.ID, Flow: call.payload.Flow.ID}
	var a answer
	err = h.Store.Update(ctx, ch.kept.ID, func(tx exchange.Tx) error {
		var err error
		a, err = h.decideChange(ctx, tx, ch, &ended)
		return err
	})
	if err != nil {
		h.Log.ErrorContext(ctx, "a change was refused because it could not be recorded", "account", ch.kept.ID, "err", err)
		ended.State, ended.Reason = string(stateUnavailable), reasonNotRecorded
		return h.unavailable(call, ""), ended
	}
	return a, ended
}

// changeOf decodes the call. Bodies that were configured for earlier versions have no flow.identity. They are accepted for a password only,
// because a new password changes nothing else of the account.
func (h *Handler) changeOf(c call, method string) (change, error) {
	kept := c.payload.Flow.Identity
	switch {
	case kept == nil && method == methodPassword:
		return change{c, method, c.payload.Identity, c.person}, nil
	case kept == nil:
		return change{}, errors.New("flow.identity is missing: the body of the hook is of an earlier version")
	case kept.ID != c.payload.Identity.ID:
		return change{}, errors.New("flow.identity is another account than identity")
	}
	before, err := h.Identity.Read(*kept)
	if err != nil {
		return change{}, fmt.Errorf("read flow.identity: %w", err)
	}
	return change{c, method, *kept, before}, nil
}

// decideChange asks the policies what the session may do, carries the decision out, and sets the result in ended.
func (h *Handler) decideChange(ctx context.Context, tx exchange.Tx, c change, ended *Ended) (answer, error) {
	account := c.kept.ID
	settings, err := tx.Settings(ctx)
	if err != nil {
		return answer{}, err
	}
	signIn, err := h.signInOf(ctx, tx, c.payload)
	if err != nil {
		return answer{}, err
	}
	d, undecided := h.Policies.Settings(ctx, policies.SettingsInput{
		Now: h.Now().UTC(), Today: h.days.of(h.Now().In(h.TimeZone)), Settings: PolicySettings(settings),
		Account: PolicyAccount(c.kept, c.before), Session: PolicySession(signIn, c.payload.Session.aal(), h.Now()),
		Request: policies.SettingsRequest{Method: c.method},
	})
	if undecided != nil {
		h.Log.ErrorContext(ctx, "a change was refused because it could not be decided", "account", account, "err", undecided)
		d = policies.SettingsDecision{Reason: reasonUndecided}
	}
	ended.Action, ended.Reason, ended.Channel = d.Action, d.Reason, signIn.Channel
	if d.Action == policies.ActionAllow {
		ended.State = stateAllowed
		return goOn(), h.follow(ctx, tx, c)
	}
	i := interruption{state: challenge.SignInAgain, message: h.texts.say(c.locale, c.refusal(), facts{}), locale: c.locale, now: h.Now()}
	if undecided != nil {
		i.state, i.message = stateUnavailable, ""
	}
	ended.State = string(i.state)
	if err := h.recordRefusal(ctx, tx, c, i.state, d.Reason); err != nil {
		return answer{}, err
	}
	return interrupt(h.texts, i)
}

// follow does what follows from an allowed change, and records the change. After a new password or another e-mail address, all remembered
// devices are forgotten: a person who knew the password, or read mail at the old address, may have been remembered. An open challenge needs
// no action, because it is bound to the address. Adding or removing a factor does not forget devices: a remembered device only says that a
// code was read.
func (h *Handler) follow(ctx context.Context, tx exchange.Tx, c change) error {
	switch c.method {
	case methodPassword, methodUnknown: // an unknown method may set a new password, and is treated as if it did
		forgotten, err := h.Challenger.PasswordChanged(ctx, tx, c.kept.ID)
		if err != nil {
			return err
		}
		return h.recordForgotten(ctx, tx, c, "password_changed", "devices_forgotten", forgotten)
	case methodAny:
		return nil
	}
	if c.before.Email != c.person.Email {
		forgotten, err := tx.ForgetDevices(ctx, c.kept.ID)
		if err != nil {
			return fmt.Errorf("forget the account's devices: %w", err)
		}
		if err := h.recordForgotten(ctx, tx, c, "devices_forgotten", "address_changed", forgotten); err != nil {
			return err
		}
	}
	return tx.AddRecord(ctx, records.Record{
		At: h.Now(), Kind: "credentials_changed", Account: c.kept.ID, Name: c.person.Account, Flow: c.payload.Flow.ID, State: c.method,
	})
}

// recordForgotten records a change after which the account's devices were forgotten.
func (h *Handler) recordForgotten(ctx context.Context, tx records.Writer, c change, kind, state string, forgotten int) error {
	detail, err := json.Marshal(map[string]int{"devices_forgotten": forgotten})
	if err != nil {
		return fmt.Errorf("encode the record: %w", err)
	}
	return tx.AddRecord(ctx, records.Record{At: h.Now(), Kind: kind, Account: c.kept.ID, Name: c.person.Account, State: state, Detail: detail})
}

// recordRefusal records a refused change.
func (h *Handler) recordRefusal(ctx context.Context, tx records.Writer, c change, state challenge.State, reason string) error {
	r := records.Record{
		At: h.Now(), Kind: "credentials_refused", Account: c.kept.ID, Name: c.before.Account, Flow: c.payload.Flow.ID, State: string(state),
		Reason: reason,
	}
	if c.method == methodPassword {
		r.Kind = "password_refused"
		return tx.AddRecord(ctx, r)
	}
	detail, err := json.Marshal(map[string]string{"method": c.method})
	if err != nil {
		return fmt.Errorf("encode the record: %w", err)
	}
	r.Detail = detail
	return tx.AddRecord(ctx, r)
}

// refusal is the name of the sentence for a refused change.
func (c change) refusal() string {
	if c.method == methodPassword {
		return "password_refused"
	}
	return "settings_refused"
}

// signInOf is the sign-in that the session began with. Kratos before version 26 does not say which session makes the call. There, signInOf
// returns the account's newest sign-in with a second step within [privilegedFor]. This is weaker: after the holder has signed in with a
// second step, another session of the account passes, too, for that time.
func (h *Handler) signInOf(ctx context.Context, tx exchange.SignIns, p payload) (exchange.SignIn, error) {
	var found *exchange.SignIn
	var err error
	if p.Session.at.IsZero() {
		found, err = tx.LatestSecondStep(ctx, p.Identity.ID, h.Now().Add(-privilegedFor))
	} else {
		found, err = tx.SignIn(ctx, p.Identity.ID, p.Session.at)
	}
	if errors.Is(err, challenge.ErrNotFound) {
		return exchange.UnknownSignIn(p.Identity.ID, p.Session.at), nil
	}
	if err != nil {
		return exchange.SignIn{}, err
	}
	return *found, nil
}

// PolicySession is input.session of the policies: the sign-in that began or refreshed the session, and the AAL that Kratos gives the session
// now.
func PolicySession(s exchange.SignIn, aal kratos.AAL, now time.Time) policies.Session {
	return policies.Session{
		Known: s.SecondStep != exchange.StepUnknown, Channel: s.Channel, SecondStep: string(s.SecondStep), AAL: string(aal),
		AgeMinutes: max(0, int(now.Sub(s.AuthenticatedAt)/time.Minute)),
	}
}
