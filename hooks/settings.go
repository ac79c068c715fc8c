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

// privilegedFor is how long a sign-in may be used to change how one signs in: Kratos' own default of
// selfservice.flows.settings.privileged_session_max_age. Where Kratos' is shorter, Kratos asks for the password again.
const privilegedFor = time.Hour

// The methods of Kratos by which somebody changes how to sign in. Which one makes a change is said by the address of the hook in
// kratos.yml, each of which is mounted on one method: neither a client nor Kratos' call itself says it (v1.3.1).
const (
	methodPassword = "password"
	methodAny      = "any" // somebody begins: what is to be changed is not known yet
	methodUnknown  = "unknown"
)

var settingsMethods = []string{methodPassword, "profile", "totp", "webauthn", "passkey", "lookup_secret", "oidc", methodAny}

// change is one change of how somebody signs in, before Kratos keeps it.
type change struct {
	call
	method string
	// kept is the account before the change. What a change would make of it decides nothing: an account without an address is not
	// asked for a code, and its address may be what is to be taken away.
	kept   kratos.Identity
	before kratos.Person
}

// settings answers the calls before something is changed: a password, a second factor, a passkey, a provider or the profile, and
// before somebody begins to. Kratos keeps the change only after 204, so that no session makes one that has not earned what the account
// is asked for. Repeats do no harm.
func (h *Handler) settings(c echo.Context) error {
	method := c.QueryParam("method")
	if !slices.Contains(settingsMethods, method) {
		method = methodUnknown
	}
	return h.changed(c, method)
}

// newPassword is settings for the older route.
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

// changeOf reads what is to be changed. A body that does not say how the account is kept is an older one: it will do for a password,
// which changes nothing else of the account.
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

// decideChange asks the policies what the session is worth, does what they say, and notes how that ended.
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

// follow does what follows from a change that is allowed, and records it. The remembered devices are forgotten with a new password, and
// with another address: whoever read the mail at the old address may have been remembered with it. A code that is out dies by itself then:
// a challenge is bound to its address. The devices stay where a factor is added or taken away: a remembered device says that a code was
// read, and that stays true.
func (h *Handler) follow(ctx context.Context, tx exchange.Tx, c change) error {
	switch c.method {
	case methodPassword, methodUnknown: // which may be a new password, and is taken for one
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

// recordForgotten records a change with which the account's devices were forgotten.
func (h *Handler) recordForgotten(ctx context.Context, tx records.Writer, c change, kind, state string, forgotten int) error {
	detail, err := json.Marshal(map[string]int{"devices_forgotten": forgotten})
	if err != nil {
		return fmt.Errorf("encode the record: %w", err)
	}
	return tx.AddRecord(ctx, records.Record{At: h.Now(), Kind: kind, Account: c.kept.ID, Name: c.person.Account, State: state, Detail: detail})
}

// recordRefusal writes down what was refused.
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

// refusal is the name of the sentence that says what was refused.
func (c change) refusal() string {
	if c.method == methodPassword {
		return "password_refused"
	}
	return "settings_refused"
}

// signInOf is the sign-in that the session was begun with. Kratos before version 26 does not say which session asks: there, the
// newest sign-in of the account with a second step stands for the session, as long as Kratos would take one for privileged. A thief
// whose own session had none has to wait for the account's holder to sign in.
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

// PolicySession is a sign-in as the policies are told of the session that it began, or that it refreshed; and at which level Kratos has
// that session now.
func PolicySession(s exchange.SignIn, aal kratos.AAL, now time.Time) policies.Session {
	return policies.Session{
		Known: s.SecondStep != exchange.StepUnknown, Channel: s.Channel, SecondStep: string(s.SecondStep), AAL: string(aal),
		AgeMinutes: max(0, int(now.Sub(s.AuthenticatedAt)/time.Minute)),
	}
}
