package hooks

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// authenticate refuses calls without a valid bearer token (RFC 6750 §2.1).
func (h *Handler) authenticate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if h.knows(c.Request().Header.Get(echo.HeaderAuthorization)) {
			return next(c)
		}
		h.Log.WarnContext(c.Request().Context(), "a call without the right token", "from", c.Request().RemoteAddr)
		a, err := unauthorized(h.texts, interruption{
			state: stateUnavailable, detail: "bearer token missing or wrong",
			locale: Locale("", http.Header{}, ""), now: h.Now(),
		})
		if err != nil {
			return err
		}
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Bearer")
		return a.write(c)
	}
}

func (h *Handler) knows(authorization string) bool {
	scheme, token, _ := strings.Cut(authorization, " ")
	return strings.EqualFold(scheme, "Bearer") && token != "" && h.Tokens.accepts(token)
}

// refusePanics turns a panic into a refusal. Without it, the response would be 500 or a broken connection, and Kratos would repeat the call
// twice.
func (h *Handler) refusePanics(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if r := recover(); r != nil {
				h.Log.ErrorContext(c.Request().Context(), "a call from Kratos ended in a panic", "panic", fmt.Sprint(r))
				err = h.unavailable(call{}, "").write(c)
			}
		}()
		return next(c)
	}
}
