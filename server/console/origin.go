package console

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"
)

// FromHereOnly refuses what a browser sends on behalf of another site, or of another port of the same host, and that would
// change something: by its Sec-Fetch-Site header, or else its Origin (OWASP, Cross-Site Request Forgery Prevention: Fetch
// Metadata). Origin is that of the console. What is no browser sends neither and has no cookie to be abused.
func FromHereOnly(origin string) (echo.MiddlewareFunc, error) {
	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin(origin); err != nil {
		return nil, fmt.Errorf("read the console's origin: %w", err)
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if err := protection.Check(c.Request()); err != nil {
				return echo.NewHTTPError(http.StatusForbidden, "this was sent from another site")
			}
			return next(c)
		}
	}, nil
}
