package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/net/idna"
)

// FromHereOnly refuses what a browser sends on behalf of another site, and that would change something: by its Origin, which has to
// be the console's own, or by its Sec-Fetch-Site header where that says so (OWASP, Cross-Site Request Forgery Prevention). Another
// port of the same host is another site, and so is the same host over http:// where the console is at https://: anybody on the way
// can make that page. What is no browser sends neither header and has no cookie to be abused.
func FromHereOnly(address string) (echo.MiddlewareFunc, error) {
	own, err := originOf(address)
	if err != nil {
		return nil, err
	}
	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin(own); err != nil {
		return nil, fmt.Errorf("read the console's origin: %w", err)
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			// By itself, the protection lets through whose Origin names the host that was asked, over whichever scheme.
			sent := c.Request().Header.Get("Origin")
			foreign := sent != "" && sent != "null" && sent != own && !safe(c.Request().Method)
			if err := protection.Check(c.Request()); foreign || err != nil {
				return echo.NewHTTPError(http.StatusForbidden, "this was sent from another site; the console is at "+own)
			}
			return next(c)
		}
	}, nil
}

// safe says whether a method changes nothing (RFC 9110 section 9.2.1).
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// originOf is the origin of an address as browsers write it (RFC 6454 section 6.2): in lower case, in ASCII, without the scheme's own
// port.
func originOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("read the console's origin: %w", err)
	}
	host, port := strings.ToLower(u.Host), u.Port()
	if port != "" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	if ascii, err := idna.Lookup.ToASCII(host); err == nil { // an address, such as [::1], is none of a domain
		host = ascii
	}
	if own := map[string]string{"http": "80", "https": "443"}; port != "" && port != own[u.Scheme] {
		host += ":" + port
	}
	return u.Scheme + "://" + host, nil
}
