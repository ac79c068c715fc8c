package session

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/kratos"
)

// Handler answers applications, and the proxies in front of them. All fields are needed.
type Handler struct {
	Visitors *Visitors
	Log      *slog.Logger
}

// Mount puts the routes on e.
func (h *Handler) Mount(e *echo.Echo) {
	e.GET("/capabilities", h.capabilities)
	e.GET("/check", h.check)
	e.POST("/check", h.check)
}

// What is answered (contract, section 2).
type (
	capabilities struct {
		Session      how               `json:"session"`
		Capabilities []string          `json:"capabilities"`
		Reasons      map[string]string `json:"reasons"`
	}
	how struct {
		Channel    string               `json:"channel"`
		SecondStep challenge.SecondStep `json:"second_step"`
		At         time.Time            `json:"at"`
	}
	leave struct {
		Capability string `json:"capability"`
	}
	problem struct {
		Error string `json:"error"`
	}
)

// accountHeader names, in each answer about a session, the account whose session it is: Kratos' identity id. A proxy hands it on,
// and the application takes nobody else's word for who was let through.
const accountHeader = "X-Nidan-Account"

// visitor is who asks. All that is answered is about them, and says so.
func (h *Handler) visitor(c echo.Context) (Visitor, error) {
	c.Response().Header().Set("Cache-Control", "no-store")
	v, err := h.Visitors.Of(c.Request().Context(), c.Request())
	if err == nil {
		c.Response().Header().Set(accountHeader, v.Identity.ID)
	}
	return v, err
}

func (h *Handler) capabilities(c echo.Context) error {
	v, err := h.visitor(c)
	if err != nil {
		return h.deny(c, err)
	}
	return c.JSON(http.StatusOK, capabilities{
		Session:      how{v.SignIn.Channel, v.SignIn.SecondStep, v.SignIn.AuthenticatedAt.UTC()},
		Capabilities: v.Allowed.Capabilities,
		Reasons:      v.Allowed.Reasons,
	})
}

// check answers 403 to a question that is none too: a proxy with a misspelt capability lets nobody in. Only the address says
// what is asked: the body of a POST may be the client's, and is not read.
func (h *Handler) check(c echo.Context) error {
	asked := c.QueryParam("capability")
	v, err := h.visitor(c)
	switch {
	case err != nil:
		return h.deny(c, err)
	case asked == "":
		return c.JSON(http.StatusForbidden, problem{"say which: /check?capability=agent"})
	case v.May(asked) && c.Request().Method == http.MethodPost: // Oathkeeper asks by POST, and takes 200 alone for leave
		return c.JSON(http.StatusOK, leave{asked})
	case v.May(asked):
		return c.NoContent(http.StatusNoContent)
	}
	reason, known := v.Allowed.Reasons[asked]
	if !known {
		reason = "unknown_capability"
	}
	return c.JSON(http.StatusForbidden, problem{reason})
}

// twoProofs is said to a request that could be taken for two people's.
const twoProofs = "send one session: either its cookie or X-Session-Token, once, and no other bearer token"

// deny answers where it cannot be told what somebody may do. No proxy takes 400, 401 or 503 for leave.
func (h *Handler) deny(c echo.Context, err error) error {
	switch {
	case errors.Is(err, ErrNobody):
		return c.JSON(http.StatusUnauthorized, problem{"no_session"})
	case errors.Is(err, kratos.ErrTwoProofs):
		return c.JSON(http.StatusBadRequest, problem{twoProofs})
	}
	h.Log.ErrorContext(c.Request().Context(), "what a session is worth cannot be told", "err", err)
	return c.JSON(http.StatusServiceUnavailable, problem{"unavailable"})
}
