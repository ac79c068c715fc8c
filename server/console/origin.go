package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/net/idna"
)

// FromHereOnly refuses requests that change something if another site made the browser send them (cross-site request forgery). It
// checks the Origin header, which must be the console's own, and the Sec-Fetch-Site header (OWASP, Cross-Site Request Forgery
// Prevention). Another port of the same host is another site. So is http:// on the same host if the console is at https://, because
// an attacker on the network can make such a page. Programs other than browsers send neither header, and have no cookie that could be
// abused.
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
			// The protection alone accepts an Origin with the requested host, whatever the scheme is.
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

// originOf returns the origin of an address as browsers write it (RFC 6454 section 6.2): in lower case, in ASCII, without the default
// port of the scheme.
func originOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("read the console's origin: %w", err)
	}
	host, port := strings.ToLower(u.Host), u.Port()
	if port != "" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	if ascii, err := idna.Lookup.ToASCII(host); err == nil { // ToASCII fails for an address such as [::1], which stays as it is
		host = ascii
	}
	if own := map[string]string{"http": "80", "https": "443"}; port != "" && port != own[u.Scheme] {
		host += ":" + port
	}
	return u.Scheme + "://" + host, nil
}
