package hooks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/kratos"
	"nidan/policies"
)

// answerWithin is the timeout of one call. Kratos waits up to 30 seconds and tries three times, and the person waits all that time.
const answerWithin = 5 * time.Second

// Decider asks the policies about a sign-in, and about a change of a password, factor or other credential. On an error, the sign-in or the
// change must be refused. The verdict then holds what the record needs: the input and the revision.
type Decider interface {
	Login(ctx context.Context, in policies.Input) (policies.Verdict, error)
	Settings(ctx context.Context, in policies.SettingsInput) (policies.SettingsDecision, error)
}

// Handler answers Kratos' calls. All exported fields but Factors and Watch are needed.
type Handler struct {
	Tokens       *Tokens
	Store        exchange.Store
	Policies     Decider
	Factors      Factors // nil: factors cannot be looked up
	Challenger   *challenge.Challenger
	Keys         *challenge.Keyring
	Identity     kratos.Pointers
	Sentences    map[string]map[string]string // by name, by language; see [Sentences]
	DeviceCookie string                       // see [DeviceCookie]
	TimeZone     *time.Location               // in which days begin
	Now          func() time.Time
	Watch        Watch // nil: no metrics and no traces
	Log          *slog.Logger

	texts *texts
	days  days
}

// Mount puts the hooks on e.
func (h *Handler) Mount(e *echo.Echo) error {
	t, err := newTexts(h.Sentences)
	if err != nil {
		return err
	}
	h.texts = t
	if h.Watch == nil {
		h.Watch = unwatched
	}
	e.POST("/hooks/login", h.login, h.refusePanics, h.authenticate, h.answerDoctor)
	// The route of the contract (design §1), from the time when a password was the only method.
	e.POST("/hooks/login/after-password", h.login, h.refusePanics, h.authenticate, h.answerDoctor)
	e.POST("/hooks/settings", h.settings, h.refusePanics, h.authenticate, h.answerDoctor)
	// The route of older configurations of Kratos; for new passwords only.
	e.POST("/hooks/settings/after-password", h.newPassword, h.refusePanics, h.authenticate, h.answerDoctor)
	return nil
}

// call is one decoded call.
type call struct {
	body    []byte
	payload payload
	person  kratos.Person
	from    origin
	locale  string
}

// read decodes a call. With an error, the returned call has the locale that the refusal is written in.
func (h *Handler) read(c echo.Context) (call, error) {
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
	person, err := h.Identity.Read(p.Identity)
	if err != nil {
		return none, err
	}
	return call{
		body: body, payload: p, person: person, from: h.originOf(p),
		locale: Locale(p.Flow.TransientPayload.TwoFactor.Locale, p.RequestHeaders, person.Locale),
	}, nil
}

// unavailable is the refusal 4990008. Detail says what is wrong with the call; empty: the fault is on Nidan's side.
func (h *Handler) unavailable(c call, detail string) answer {
	a, err := interrupt(h.texts, interruption{state: stateUnavailable, detail: detail, locale: c.locale, now: h.Now()})
	if err != nil {
		// Kratos shows its own error for an empty object, and lets nobody in.
		return answer{status: http.StatusBadRequest, body: []byte(`{}`)}
	}
	return a
}
