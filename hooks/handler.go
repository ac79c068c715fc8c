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

// answerWithin bounds a call. Kratos waits 30 seconds, three times over, and a person waits with it.
const answerWithin = 5 * time.Second

// Decider says what is to happen with a sign-in, and with a change of how somebody signs in. An error means that nobody may be let
// in, and that nothing is changed; what can be said of the sign-in for its record is in the verdict all the same.
type Decider interface {
	Login(ctx context.Context, in policies.Input) (policies.Verdict, error)
	Settings(ctx context.Context, in policies.SettingsInput) (policies.SettingsDecision, error)
}

// Handler answers Kratos' calls. All exported fields but Factors and Watch are needed.
type Handler struct {
	Tokens       *Tokens
	Store        exchange.Store
	Policies     Decider
	Factors      Factors // nil: they cannot be looked up
	Challenger   *challenge.Challenger
	Keys         *challenge.Keyring
	Identity     kratos.Pointers
	Sentences    map[string]map[string]string // by name, by language; see [Sentences]
	DeviceCookie string                       // see [DeviceCookie]
	TimeZone     *time.Location               // where days begin at midnight
	Now          func() time.Time
	Watch        Watch // nil: nobody watches
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
	// As it was called when the password was the only way in.
	e.POST("/hooks/login/after-password", h.login, h.refusePanics, h.authenticate, h.answerDoctor)
	e.POST("/hooks/settings", h.settings, h.refusePanics, h.authenticate, h.answerDoctor)
	// Where configurations from before there was the route above lead, for a new password alone.
	e.POST("/hooks/settings/after-password", h.newPassword, h.refusePanics, h.authenticate, h.answerDoctor)
	return nil
}

// call is one call, read.
type call struct {
	body    []byte
	payload payload
	person  kratos.Person
	from    origin
	locale  string
}

// read reads a call. With an error it returns what is needed to say so.
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

// unavailable refuses. Detail says what was wrong with the call; it is empty where the fault is on this side.
func (h *Handler) unavailable(c call, detail string) answer {
	a, err := interrupt(h.texts, interruption{state: stateUnavailable, detail: detail, locale: c.locale, now: h.Now()})
	if err != nil {
		// Without a body Kratos shows its own error; what counts is that it lets nobody in.
		return answer{status: http.StatusBadRequest, body: []byte(`{}`)}
	}
	return a
}
