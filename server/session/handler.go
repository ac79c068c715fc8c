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

// Handler answers applications and the reverse proxies in front of them. All fields but ReturnTo are needed.
type Handler struct {
	Visitors *Visitors
	Origin   string   // origin of Nidan's pages, as browsers reach them
	ReturnTo []string // origins of applications: a browser may be sent back to their pages, and to Nidan's own pages
	Log      *slog.Logger
}

// Mount puts the routes on e.
func (h *Handler) Mount(e *echo.Echo) {
	e.GET("/capabilities", h.capabilities)
	e.GET("/check", h.check)
	e.POST("/check", h.check)
}

// The answers (contract, section 2).
type (
	capabilities struct {
		Session      how               `json:"session"`
		Capabilities []string          `json:"capabilities"`
		Reasons      map[string]string `json:"reasons"`
		// StepUp is set while the session has no capability: the second factor that Kratos must ask for. ByCapability has, for each
		// capability that the session lacks, the sign-in that would give it.
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

// accountHeader is the header with the account of the session, which is the ID of Kratos' identity. It is in each answer about a
// session. A proxy passes it on, so that the application does not have to trust any other statement about who was let through.
const accountHeader = "X-Nidan-Account"

// visitor returns who sends the request. It sets the account header, because the whole answer is about this account.
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

// check also answers 403 if no capability, or an unknown one, is asked for: a proxy with a misspelt capability lets nobody in. Only
// the query says which capability is asked for. The body of a POST may come from the proxy's client, so it is not read.
func (h *Handler) check(c echo.Context) error {
	asked := c.QueryParam("capability")
	v, err := h.visitor(c)
	switch {
	case err != nil:
		return h.deny(c, err)
	case asked == "":
		return c.JSON(http.StatusForbidden, problem{Error: "say which: /check?capability=agent"})
	case v.May(asked) && c.Request().Method == http.MethodPost: // Oathkeeper sends POST, and accepts only 200 as a permission
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

// twoProofs is the error text for a request whose two proofs may belong to two people.
const twoProofs = "send one session: either its cookie or X-Session-Token, once, and no other bearer token"

// deny answers if it is not known what the session may do. No proxy accepts 400, 401 or 503 as a permission.
func (h *Handler) deny(c echo.Context, err error) error {
	switch {
	case errors.Is(err, ErrNobody):
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Bearer") // without an error code: the request had no token (RFC 6750, section 3.1)
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
