package signin

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"nidan/server/page"
)

// The troubles that a page can tell of. Each is the name of a text, and with _what after it, of another.
const (
	unknown   = "error"
	notFound  = "not_found"
	otherSite = "other_site" // a form was sent from there
	away      = "away"       // Kratos does not answer
	notTaken  = "not_taken"  // a form is too long, or none
)

// trouble is what the page is given.
type trouble struct {
	Name   string
	Number string // that Kratos knows of it by; empty: none
}

func (h *Handler) tell(c echo.Context, status int, t trouble) error {
	return h.pages.Render(c, status, "error", t)
}

// error shows a number only: what Kratos says of its errors is for those who read its log.
func (h *Handler) error(c echo.Context) error {
	return h.tell(c, http.StatusOK, trouble{unknown, c.QueryParam("id")})
}

// Explain is an [echo.HTTPErrorHandler]: a browser that wants a page is shown one, in the language of whoever sits before it.
// Programs are told in JSON, as everywhere.
func (h *Handler) Explain(err error, c echo.Context) {
	if c.Response().Committed || !wantsPage(c.Request()) {
		c.Echo().DefaultHTTPErrorHandler(err, c)
		return
	}
	status := http.StatusInternalServerError
	var told *echo.HTTPError
	if errors.As(err, &told) {
		status = told.Code
	} else {
		h.Log.ErrorContext(c.Request().Context(), "a page could not be shown", "path", c.Path(), "err", err)
	}
	t := trouble{Name: unknown}
	switch status {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		t.Name = notFound
	case http.StatusForbidden:
		t.Name = otherSite
	case http.StatusBadGateway:
		t.Name = away
	}
	show := page.Headers(func(c echo.Context) error { return h.tell(c, status, t) })
	if err := show(c); err != nil {
		c.Echo().DefaultHTTPErrorHandler(err, c)
	}
}

// programs are the addresses that programs call. What they answer is JSON, whoever asks.
var programs = []string{"/console/api/", "/capabilities", "/check", "/notices"}

// wantsPage says whether a request is a browser's that is going somewhere. A page's script names JSON, or nothing.
func wantsPage(r *http.Request) bool {
	for _, p := range programs {
		if strings.HasPrefix(r.URL.Path, p) {
			return false
		}
	}
	accepted := strings.Join(r.Header.Values("Accept"), ",")
	return strings.Contains(accepted, "text/html") && !strings.Contains(accepted, "application/json")
}
