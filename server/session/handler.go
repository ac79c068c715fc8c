package session

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/exchange"
	"nidan/kratos"
)

// Handler answers applications, and the proxies in front of them. All fields but ReturnTo are needed.
type Handler struct {
	Visitors *Visitors
	Origin   string   // of Nidan's pages, as browsers reach them
	ReturnTo []string // origins of applications: a browser may be sent back to their pages, and to Nidan's own
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
		// StepUp is what the session waits for, as long as it is worth nothing. By capability, it is what would earn each that is
		// lacking.
		StepUp       *stepUp           `json:"step_up,omitempty"`
		ByCapability map[string]stepUp `json:"step_up_by_capability,omitempty"`
	}
	how struct {
		Channel    string              `json:"channel"`
		SecondStep exchange.SecondStep `json:"second_step"`
		At         time.Time           `json:"at"`
		AAL        kratos.AAL          `json:"aal"`
	}
	leave struct {
		Capability string `json:"capability"`
	}
	problem struct {
		Error  string  `json:"error"`
		StepUp *stepUp `json:"step_up,omitempty"`
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
	answer := capabilities{
		Session:      how{v.SignIn.Channel, v.SignIn.SecondStep, v.SignIn.AuthenticatedAt.UTC(), v.AAL},
		Capabilities: v.Allowed.Capabilities,
		Reasons:      v.Allowed.Reasons,
		ByCapability: map[string]stepUp{},
	}
	for capability, named := range v.Allowed.StepUp {
		up := h.of(named, "")
		answer.ByCapability[capability] = up
		if len(v.Allowed.Capabilities) == 0 && up.ACR != "" {
			answer.StepUp = &up
		}
	}
	return c.JSON(http.StatusOK, answer)
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
		return c.JSON(http.StatusForbidden, problem{Error: "say which: /check?capability=agent"})
	case v.May(asked) && c.Request().Method == http.MethodPost: // Oathkeeper asks by POST, and takes 200 alone for leave
		return c.JSON(http.StatusOK, leave{asked})
	case v.May(asked):
		return c.NoContent(http.StatusNoContent)
	}
	reason, known := v.Allowed.Reasons[asked]
	if !known {
		reason = "unknown_capability"
	}
	if named, ok := v.Allowed.StepUp[asked]; ok {
		up := h.of(named, h.returnTo(c.Request()))
		return c.JSON(h.hint(c, up), problem{reason, &up})
	}
	return c.JSON(http.StatusForbidden, problem{Error: reason})
}

// twoProofs is said to a request that could be taken for two people's.
const twoProofs = "send one session: either its cookie or X-Session-Token, once, and no other bearer token"

// deny answers where it cannot be told what somebody may do. No proxy takes 400, 401 or 503 for leave.
func (h *Handler) deny(c echo.Context, err error) error {
	switch {
	case errors.Is(err, ErrNobody):
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Bearer") // without an error: nothing was tried (RFC 6750, section 3.1)
		c.Response().Header().Set(echo.HeaderLocation, h.begin(url.Values{}, h.returnTo(c.Request())))
		return c.JSON(http.StatusUnauthorized, problem{Error: "no_session"})
	case errors.Is(err, kratos.ErrAAL2Needed):
		up := h.of(authAAL2, h.returnTo(c.Request()))
		return c.JSON(h.hint(c, up), problem{"aal2_needed", &up})
	case errors.Is(err, kratos.ErrTwoProofs):
		return c.JSON(http.StatusBadRequest, problem{Error: twoProofs})
	}
	h.Log.ErrorContext(c.Request().Context(), "what a session is worth cannot be told", "err", err)
	return c.JSON(http.StatusServiceUnavailable, problem{Error: "unavailable"})
}
