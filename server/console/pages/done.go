package pages

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// doneCookie holds what has just been done, until a page has said it once. The address alone would say it again at each reload, and to
// whoever follows a link that somebody else has made.
const doneCookie = "nidan_done"

// done leads to a page that says, once, what has just been done.
func (h *Handler) done(c echo.Context, to, what string) error {
	c.SetCookie(h.doneCookie(what, 60))
	return c.Redirect(http.StatusSeeOther, to+"?done="+what)
}

// justDone is the name of the text for what has just been done. It is empty where nothing was, and where that has been said.
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
