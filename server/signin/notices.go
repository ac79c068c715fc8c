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

// notices are what somebody is told who has just signed in with a code.
type notices struct {
	WrongCodes int       `json:"wrong_codes"` // that were tried in other sign-ins since the last right one
	Since      time.Time `json:"since"`       // when the first of them was
}

// told asks for the notices of a session: there is one only in the session that the right code began.
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

// notices answers the page's script. A page that is not told goes on without.
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
