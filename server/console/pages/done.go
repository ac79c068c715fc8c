package pages

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// doneCookie is the name of the cookie that keeps the message about the last change until a page has shown it once. If the message
// were only in the address, each reload would show it again, and a link made by somebody else could show it too.
const doneCookie = "nidan_done"

// done redirects to a page that shows the message about the change once.
func (h *Handler) done(c echo.Context, to, what string) error {
	c.SetCookie(h.doneCookie(what, 60))
	return c.Redirect(http.StatusSeeOther, to+"?done="+what)
}

// justDone returns the name of the text about the last change. It is empty if there was none, or if a page has shown it already.
func (h *Handler) justDone(c echo.Context) string {
	what := c.QueryParam("done")
	kept, err := c.Cookie(doneCookie)
	if err != nil || c.Request().Method != http.MethodGet || kept.Value != what || !done[what] {
		return ""
	}
	c.SetCookie(h.doneCookie("", -1))
	return "done_" + what
}

func (h *Handler) doneCookie(value string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: doneCookie, Value: value, Path: "/console", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(h.Origin, "https:"),
	}
}
