package page

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/brand"
	"nidan/hooks"
)

// Locales are the languages of the pages, each named in itself.
var Locales = []string{"ja", "en"}

// LocaleCookie remembers the language that was chosen on a page.
const LocaleCookie = "nidan_locale"

// LocaleOf is the language of a page: what was chosen on one, else what the browser prefers.
func LocaleOf(r *http.Request) string {
	chosen := ""
	if c, err := r.Cookie(LocaleCookie); err == nil {
		chosen = c.Value
	}
	return hooks.Locale(chosen, r.Header, "")
}

// Mount puts what the pages need besides themselves on e: their look, and the way to choose a language.
func Mount(e *echo.Echo, b brand.Brand) {
	mountLook(e, b)
	e.StaticFS("/assets/page", echo.MustSubFS(files, "assets"))
	e.GET("/language/:locale", chooseLocale)
}

// chooseLocale goes back to where it was asked from. That is a place of this site: anything else could be a trap behind a
// link that looks like ours.
func chooseLocale(c echo.Context) error {
	if slices.Contains(Locales, c.Param("locale")) {
		c.SetCookie(&http.Cookie{
			Name: LocaleCookie, Value: c.Param("locale"), Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
			SameSite: http.SameSiteLaxMode,
		})
	}
	to := c.QueryParam("to")
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		to = "/"
	}
	return c.Redirect(http.StatusSeeOther, to)
}
