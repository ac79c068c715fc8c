package signin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/kratos"
)

// notices are the things that a person is told after a sign-in with a code.
type notices struct {
	WrongCodes int       `json:"wrong_codes"` // wrong codes in other sign-ins since the last correct code
	Since      time.Time `json:"since"`       // when the first of them was tried
}

// told returns the notices of a session. Only the session that began with the correct code has notices.
func (h *Handler) told(ctx context.Context, s kratos.Session) (notices, error) {
	signIn, err := h.SignIn(ctx, s.Identity.ID, s.AuthenticatedAt)
	if errors.Is(err, challenge.ErrNotFound) {
		return notices{}, nil
	}
	if err != nil {
		return notices{}, err
	}
	return notices{signIn.WrongCodes.Count, signIn.WrongCodes.Since}, nil
}

// notices answers the page's script. If there is an error, the page goes on without notices.
func (h *Handler) notices(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	ctx := c.Request().Context()
	session, err := h.Kratos.Whoami(ctx, c.Request())
	switch {
	case errors.Is(err, kratos.ErrGone), errors.Is(err, kratos.ErrAAL2Needed):
		return c.NoContent(http.StatusUnauthorized)
	case errors.Is(err, kratos.ErrTwoProofs):
		return c.NoContent(http.StatusBadRequest)
	}
	var n notices
	if err == nil {
		n, err = h.told(ctx, session)
	}
	if err != nil {
		h.Log.ErrorContext(ctx, "who signed in could not be told of wrong codes", "err", err)
		return c.NoContent(http.StatusServiceUnavailable)
	}
	return c.JSON(http.StatusOK, n)
}
