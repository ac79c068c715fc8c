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

// Locales are the languages of the pages. The text "language" of each one is its name in this language.
var Locales = []string{"ja", "en"}

// LocaleCookie is the name of the cookie with the language that was chosen on a page.
const LocaleCookie = "nidan_locale"

// LocaleOf returns the language of a page: the language that was chosen on a page, else the one that the browser prefers.
func LocaleOf(r *http.Request) string {
	chosen := ""
	if c, err := r.Cookie(LocaleCookie); err == nil {
		chosen = c.Value
	}
	return hooks.Locale(chosen, r.Header, "")
}

// Mount adds the routes that all pages need to e: the brand's files, the style, and the choice of a language.
func Mount(e *echo.Echo, b brand.Brand) {
	mountLook(e, b)
	e.StaticFS("/assets/page", echo.MustSubFS(files, "assets"))
	e.GET("/language/:locale", chooseLocale)
}

// chooseLocale sends the browser back to the page that the request names, if it is a page of this site. Otherwise somebody could send
// people to any site by a link that looks like one of this site (open redirect).
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
