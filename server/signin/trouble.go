package signin

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"nidan/server/page"
)

// The errors that a page can show. Each is the name of a text, and with the suffix _what the name of its explanation.
const (
	unknown   = "error"
	notFound  = "not_found"
	otherSite = "other_site" // another site made the browser send a form
	away      = "away"       // Kratos does not answer
	notTaken  = "not_taken"  // a form is too long, or cannot be read
)

// trouble is the data of the error page's template.
type trouble struct {
	Name   string
	Number string // Kratos' number of the error; empty: none
}

func (h *Handler) tell(c echo.Context, status int, t trouble) error {
	return h.pages.Render(c, status, "error", t)
}

// error shows only the number of an error. The text of Kratos' errors is for people who read Kratos' log.
func (h *Handler) error(c echo.Context) error {
	return h.tell(c, http.StatusOK, trouble{unknown, c.QueryParam("id")})
}

// Explain is an [echo.HTTPErrorHandler]. A browser that asks for a page gets an error page in the person's language. A program gets
// JSON.
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

// programs are the paths that programs call. Their errors are always JSON.
var programs = []string{"/console/api/", "/capabilities", "/check", "/notices"}

// wantsPage says whether a browser asks for a page. Scripts of pages accept JSON, or anything.
func wantsPage(r *http.Request) bool {
	for _, p := range programs {
		if strings.HasPrefix(r.URL.Path, p) {
			return false
		}
	}
	accepted := strings.Join(r.Header.Values("Accept"), ",")
	return strings.Contains(accepted, "text/html") && !strings.Contains(accepted, "application/json")
}
