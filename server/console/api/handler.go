package api

import (
	_ "embed" // embeds openapi.yaml
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"
	"go.yaml.in/yaml/v3"

	"nidan/kratos"
	"nidan/server/console"
	"nidan/server/session"
)

//go:embed openapi.yaml
var description []byte

// Handler serves the API. All fields are needed.
type Handler struct {
	Console  *console.Console
	Visitors *session.Visitors
	Origin   string // origin of the console's pages, as browsers reach them
	Log      *slog.Logger
}

const base = "/console/api/v1"

// Mount adds the routes to e.
func (h *Handler) Mount(e *echo.Echo) error {
	var described any
	if err := yaml.Unmarshal(description, &described); err != nil {
		return fmt.Errorf("read the API's description: %w", err)
	}
	own, err := console.FromHereOnly(h.Origin)
	if err != nil {
		return err
	}
	g := e.Group(base, own, noStore)
	g.GET("/openapi.json", func(c echo.Context) error { return c.JSON(http.StatusOK, described) })
	for _, r := range []struct {
		method, path string
		do           action
	}{
		{"GET", "/settings", h.settings},
		{"PUT", "/settings", h.changeSettings},
		{"GET", "/accounts", h.accounts},
		{"POST", "/accounts/two-step", h.switchAccounts},
		{"GET", "/accounts/:id", h.account},
		{"PUT", "/accounts/:id/two-step", h.switchAccount},
		{"DELETE", "/accounts/:id/wrong-codes", h.clearWrongCodes},
		{"DELETE", "/accounts/:id/devices", h.forgetDevices},
		{"DELETE", "/accounts/:id/devices/:device", h.forgetDevice},
		{"GET", "/me", h.me},
		{"PUT", "/me/two-step", h.switchMe},
		{"DELETE", "/me/devices", h.forgetDevices},
		{"DELETE", "/me/devices/:device", h.forgetDevice},
		{"GET", "/overview", h.overview},
		{"GET", "/records", h.records},
		{"GET", "/records/export", h.export},
		{"GET", "/policies", h.policies},
		{"POST", "/policies/answers", h.answerPolicies},
	} {
		g.Add(r.method, r.path, h.visited(r.do))
	}
	return nil
}

func noStore(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "no-store")
		return next(c)
	}
}

// action handles a request of a visitor who is signed in.
type action func(c echo.Context, who session.Visitor) error

func (h *Handler) visited(do action) echo.HandlerFunc {
	return func(c echo.Context) error {
		who, err := h.Visitors.Of(c.Request().Context(), c.Request())
		if err == nil {
			err = do(c, who)
		}
		return h.explain(c, err)
	}
}

// problem is the body of every error. Error is a stable symbol.
type problem struct {
	Error   string `json:"error"`
	Message string `json:"message"`
}

func (h *Handler) explain(c echo.Context, err error) error {
	var refusal *console.Refusal
	var notWaiting *console.NotWaiting
	switch {
	case err == nil:
		return nil
	case errors.As(err, &notWaiting):
		return c.JSON(http.StatusConflict, problem{"not_waiting", "somebody has answered, or the policies were replaced: read them again"})
	case errors.Is(err, session.ErrNobody):
		return c.JSON(http.StatusUnauthorized, problem{"no_session", "sign in to Kratos first"})
	case errors.Is(err, kratos.ErrAAL2Needed):
		return c.JSON(http.StatusUnauthorized, problem{"aal2_needed", "give Kratos the account's second factor first"})
	case errors.Is(err, kratos.ErrTwoProofs):
		return c.JSON(http.StatusBadRequest, problem{"two_proofs", "send one session: either its cookie or X-Session-Token, once"})
	case errors.As(err, &refusal):
		return c.JSON(http.StatusForbidden, problem{refusal.Reason, "the policies do not allow this"})
	case errors.Is(err, kratos.ErrGone):
		return c.JSON(http.StatusNotFound, problem{"not_found", "there is no such account"})
	case errors.Is(err, kratos.ErrChanged):
		return c.JSON(http.StatusConflict, problem{"changed_meanwhile", "read the account again, then change it"})
	case errors.Is(err, errPrecondition):
		return c.JSON(http.StatusPreconditionRequired, problem{"if_match_missing", "send the settings' ETag as If-Match"})
	case errors.Is(err, console.ErrInvalid):
		return c.JSON(http.StatusUnprocessableEntity, problem{"not_valid", err.Error()})
	}
	if errors.Is(err, kratos.ErrSlow) {
		return c.JSON(http.StatusServiceUnavailable, problem{"too_slow", "Kratos took too long; search with text instead of prefix"})
	}
	h.Log.ErrorContext(c.Request().Context(), "a call of the console's API failed", "path", c.Path(), "err", err)
	return c.JSON(http.StatusServiceUnavailable, problem{"unavailable", "try again in a while"})
}

// maxBody is the maximum number of bytes of a request body that are read.
const maxBody = 1 << 20

// readJSON reads a request body into v. The body must be exactly one JSON value, without fields that v does not have.
func readJSON(c echo.Context, v any) error {
	dec := json.NewDecoder(http.MaxBytesReader(c.Response(), c.Request().Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("%w: the body is not what is described", console.ErrInvalid)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the body goes on after its JSON", console.ErrInvalid)
	}
	return nil
}
