package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/kratos"
	"nidan/policies"
)

// answerWithin bounds a call. Kratos waits 30 seconds, three times over, and a person waits with it.
const answerWithin = 5 * time.Second

// Decider says what is to happen with a sign-in. An error means that nobody may be let in.
type Decider interface {
	Login(ctx context.Context, in policies.Input) (policies.Decision, error)
	Revision() string
}

// AfterPassword answers Kratos' call after a correct password. All fields but texts are needed.
type AfterPassword struct {
	Tokens       []string // bearer tokens that are accepted: one, or two while one is being rotated
	Store        challenge.Store
	Policies     Decider
	Challenger   *challenge.Challenger
	Keys         *challenge.Keyring
	Identity     kratos.Pointers
	DeviceCookie string         // see [DeviceCookie]
	TimeZone     *time.Location // where days begin at midnight
	Now          func() time.Time
	Log          *slog.Logger

	texts *texts
}

// Mount puts the hook on e.
func (h *AfterPassword) Mount(e *echo.Echo) error {
	t, err := newTexts()
	if err != nil {
		return err
	}
	h.texts = t
	e.POST("/hooks/login/after-password", h.handle, h.refusePanics, h.authenticate)
	return nil
}

func (h *AfterPassword) handle(c echo.Context) error {
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
		a, err = h.answerOnce(ctx, tx, call)
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

// call is one call, read.
type call struct {
	key     string // see deliveryKey
	body    []byte
	payload payload
	person  kratos.Person
	locale  string
}

// read reads a call. With an error it returns what is needed to say so.
func (h *AfterPassword) read(c echo.Context) (call, error) {
	none := call{locale: Locale("", http.Header{}, "")}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return none, fmt.Errorf("the body is over %d bytes", maxBody)
	}
	if err != nil {
		return none, errors.New("the body could not be read")
	}
	encoded, err := unwrap(c.Request().Header.Get(echo.HeaderContentType), body)
	if err != nil {
		return none, err
	}
	p, err := decode(encoded)
	if err != nil {
		return none, err
	}
	key, err := deliveryKey(c.Request().Header, p)
	if err != nil {
		return none, err
	}
	person, err := h.Identity.Read(p.Identity)
	if err != nil {
		return none, err
	}
	return call{
		key: key, body: body, payload: p, person: person,
		locale: Locale(p.Flow.TransientPayload.TwoFactor.Locale, p.RequestHeaders, person.Locale),
	}, nil
}

// errOtherBody is a call that poses as the repeat of another one.
var errOtherBody = errors.New("this call was answered before, with another body")

// digestPurpose keeps the digests of bodies apart from all others. They are keyed: a body holds a code, and a plain digest
// of it could be undone by trying every code.
const digestPurpose = "delivery"

// answerOnce answers a call, or repeats the answer it already got.
func (h *AfterPassword) answerOnce(ctx context.Context, tx challenge.Tx, c call) (answer, error) {
	first, err := tx.Delivery(ctx, c.key)
	switch {
	case errors.Is(err, challenge.ErrNotFound):
	case err != nil:
		return answer{}, fmt.Errorf("look for an earlier answer: %w", err)
	case !h.Keys.VerifyMAC(first.Digest, digestPurpose, c.body):
		return answer{}, errOtherBody
	default:
		return h.repeat(c.key, first)
	}
	a, err := h.decide(ctx, tx, c)
	if err != nil {
		return answer{}, err
	}
	err = tx.AddDelivery(ctx, challenge.Delivery{
		Key: c.key, Digest: h.Keys.MAC(digestPurpose, c.body), Status: a.status,
		Body: h.Keys.Seal(string(a.body), digestPurpose+" "+c.key), At: h.Now(),
	})
	if err != nil {
		return answer{}, fmt.Errorf("keep the answer: %w", err)
	}
	return a, nil
}

// repeat gives an answer again. It was kept sealed: one that gives a device its token must not do so to whoever reads the
// database.
func (h *AfterPassword) repeat(key string, first *challenge.Delivery) (answer, error) {
	body, err := h.Keys.Open(first.Body, digestPurpose+" "+key)
	if err != nil {
		return answer{}, fmt.Errorf("repeat an answer: %w", err)
	}
	return answer{status: first.Status, body: []byte(body)}, nil
}

// decide asks the policies, does what they say, and records both.
func (h *AfterPassword) decide(ctx context.Context, tx challenge.Tx, c call) (answer, error) {
	settings, err := tx.Settings(ctx)
	if err != nil {
		return answer{}, err
	}
	last, err := tx.LatestChallenge(ctx, c.payload.Identity.ID, c.payload.Flow.ID)
	if err != nil && !errors.Is(err, challenge.ErrNotFound) {
		return answer{}, err
	}
	if last != nil && !last.Open() {
		last = nil
	}
	device, err := h.knownDevice(ctx, tx, c.payload)
	if err != nil {
		return answer{}, err
	}
	in := policyInput(h.Now().In(h.TimeZone), settings, c.payload, c.person, device, last)
	d, err := h.Policies.Login(ctx, in)
	if err != nil {
		h.Log.ErrorContext(ctx, "a sign-in was refused because it could not be decided",
			"account", in.Account.ID, "flow", c.payload.Flow.ID, "revision", h.Policies.Revision(), "err", err)
		d = policies.Decision{Reason: "undecided"}
	}
	out, err := h.carryOut(ctx, tx, c, d)
	if err != nil {
		return answer{}, err
	}
	if err := h.record(ctx, tx, c, in, d, out); err != nil {
		return answer{}, err
	}
	if out.State == challenge.Passed {
		return goOn(), nil
	}
	return interrupt(h.texts, interruption{
		state: out.State, challenge: out.Challenge, retryAt: out.RetryAt, deviceToken: h.tokenToShow(c.payload, out.Challenge),
		capabilities: d.Capabilities, message: d.Message, locale: c.locale, now: h.Now(),
	})
}

// carryOut does what was decided. What is not one of the three actions refuses.
func (h *AfterPassword) carryOut(ctx context.Context, tx challenge.Tx, c call, d policies.Decision) (challenge.Outcome, error) {
	s := h.submission(c, d)
	switch d.Action {
	case policies.ActionAllow:
		return h.Challenger.Withdraw(ctx, tx, s)
	case policies.ActionChallenge:
		if s.Email == "" {
			h.Log.ErrorContext(ctx, "a sign-in was refused: the policies ask for a code, and there is no address",
				"account", s.Account, "reason", d.Reason)
			return challenge.Outcome{State: stateUnavailable}, nil
		}
		return h.Challenger.Advance(ctx, tx, s, terms(d))
	case policies.ActionRefuse:
		return challenge.Outcome{State: refusal(d.Reason)}, nil
	}
	return challenge.Outcome{State: stateUnavailable}, nil
}

func terms(d policies.Decision) challenge.Terms {
	limits := policies.UsualLimits()
	if d.Limits != nil {
		limits = *d.Limits
	}
	return challenge.Terms{
		Length:       d.Code.Length,
		TTL:          time.Duration(d.Code.TTLSeconds) * time.Second,
		MaxAttempts:  d.Code.MaxAttempts,
		ResendAfter:  time.Duration(d.Code.ResendAfterSeconds) * time.Second,
		RememberDays: d.RememberDays,
		Codes:        limits.Codes,
		CodesWithin:  time.Duration(limits.CodesWithinSeconds) * time.Second,
		WrongCodes:   limits.WrongCodes,
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

func (h *AfterPassword) submission(c call, d policies.Decision) challenge.Submission {
	says := c.payload.Flow.TransientPayload.TwoFactor
	facts := challenge.Facts{
		Email: c.person.Email, Role: c.person.Role, State: c.payload.Identity.State, TwoFactor: c.person.TwoFactor,
	}
	return challenge.Submission{
		Account: c.payload.Identity.ID, Flow: c.payload.Flow.ID, Channel: d.Channel, Email: c.person.Email,
		Locale: c.locale, Facts: facts.Digest(), Device: h.deviceToRemember(c.payload),
		Action: challenge.Action(says.Action), Code: challenge.NormalizeCode(says.Code),
	}
}

// record writes down the sign-in: what was asked of the policies, what they said, and how it ended.
func (h *AfterPassword) record(
	ctx context.Context, tx challenge.Tx, c call, in policies.Input, d policies.Decision, out challenge.Outcome,
) error {
	detail, err := json.Marshal(struct {
		Input    policies.Input    `json:"input"`
		Decision policies.Decision `json:"decision"`
	}{in, d})
	if err != nil {
		return fmt.Errorf("encode the record: %w", err)
	}
	r := challenge.Record{
		At: h.Now(), Kind: "sign_in", Account: in.Account.ID, Flow: c.payload.Flow.ID, State: string(out.State),
		Reason: d.Reason, Revision: h.Policies.Revision(), Detail: detail,
	}
	if out.Challenge != nil {
		r.Challenge = out.Challenge.ID
	}
	if out.Reason != "" {
		r.Reason = out.Reason
	}
	if out.State == challenge.Passed && d.Action == policies.ActionAllow {
		r.State = "allowed"
	}
	if err := tx.AddRecord(ctx, r); err != nil {
		return err
	}
	h.Log.InfoContext(ctx, "sign-in", "account", r.Account, "flow", r.Flow, "state", r.State, "reason", r.Reason)
	return nil
}

// unavailable refuses. Detail says what was wrong with the call; it is empty where the fault is on this side.
func (h *AfterPassword) unavailable(c call, detail string) answer {
	a, err := interrupt(h.texts, interruption{state: stateUnavailable, detail: detail, locale: c.locale, now: h.Now()})
	if err != nil {
		// Without a body Kratos shows its own error; what counts is that it lets nobody in.
		return answer{status: http.StatusBadRequest, body: []byte(`{}`)}
	}
	return a
}
