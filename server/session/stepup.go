package session

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"nidan/policies"
)

// stepUp is a sign-in that would give a session more capabilities, and the address where a browser begins it.
type stepUp struct {
	ACR      string `json:"acr,omitempty"`     // "aal2": Kratos asks for a second factor of its own
	MaxAge   int    `json:"max_age,omitempty"` // maximum number of seconds since the last step of the sign-in; 0: no limit
	Location string `json:"location"`
}

// authAAL2 is a step up to Kratos' second factor.
var authAAL2 = policies.StepUp{ACR: "aal2"}

// asks says whether the step up needs more than another sign-in of the same kind.
func (s stepUp) asks() bool { return s.ACR != "" || s.MaxAge > 0 }

// challenge returns the value of WWW-Authenticate that tells a client what to do (RFC 9470, section 3).
func (s stepUp) challenge() string {
	header := `Bearer error="insufficient_user_authentication"`
	if s.ACR != "" {
		header += fmt.Sprintf(`, acr_values="%s"`, s.ACR)
	}
	if s.MaxAge > 0 {
		header += fmt.Sprintf(`, max_age="%d"`, s.MaxAge)
	}
	return header
}

// of returns the step up that the policies name. After it, the browser goes to returnTo, or, if this is empty, to where Kratos leads.
func (h *Handler) of(up policies.StepUp, returnTo string) stepUp {
	query := url.Values{}
	if up.ACR != "" {
		query.Set("aal", up.ACR)
	} else {
		query.Set("refresh", "true") // without refresh, Kratos sends a browser that is signed in back at once
	}
	return stepUp{ACR: up.ACR, MaxAge: 60 * up.MaxAgeMinutes, Location: h.begin(query, returnTo)}
}

// begin returns the address at which a login flow of Kratos begins. It is an address of Nidan, which passes the request on.
func (h *Handler) begin(query url.Values, returnTo string) string {
	if returnTo != "" {
		query.Set("return_to", returnTo)
	}
	to := h.Origin + "/self-service/login/browser"
	if len(query) > 0 {
		to += "?" + query.Encode()
	}
	return to
}

// mostReturnTo is the maximum number of bytes of the address to come back to. Longer addresses are not passed on to Kratos.
const mostReturnTo = 1500

// returnTo returns the page that a browser asked the proxy for, as the proxy's headers say. It returns an empty string if the headers
// are missing or not unique, or if the page belongs to no allowed origin. A proxy may pass on headers that its client wrote. So
// without this check, a link to a protected page could send people to any site (open redirect).
func (h *Handler) returnTo(r *http.Request) string {
	said, ok := one(r.Header, "X-Original-Url")
	if !ok {
		scheme, some := one(r.Header, "X-Forwarded-Proto")
		host, more := one(r.Header, "X-Forwarded-Host")
		uri, all := one(r.Header, "X-Forwarded-Uri")
		if !some || !more || !all || !strings.HasPrefix(uri, "/") {
			return ""
		}
		said = scheme + "://" + host + uri
	}
	u, err := url.Parse(said)
	if err != nil || u.User != nil || len(said) > mostReturnTo {
		return ""
	}
	origin := u.Scheme + "://" + u.Host
	if origin != h.Origin && !slices.Contains(h.ReturnTo, origin) {
		return ""
	}
	return origin + u.RequestURI()
}

// one returns the value of a header that occurs exactly once and is not empty.
func one(h http.Header, name string) (string, bool) {
	values := h.Values(name)
	if len(values) != 1 || values[0] == "" {
		return "", false
	}
	return values[0], true
}

// hint adds the headers that tell a client what to do, and returns the status. The status is 401 if a sign-in of the same kind is not
// enough. Otherwise it stays 403, for clients that do not know step_up, unless the request says step_up=true.
func (h *Handler) hint(c echo.Context, up stepUp) int {
	c.Response().Header().Set(echo.HeaderWWWAuthenticate, up.challenge())
	c.Response().Header().Set(echo.HeaderLocation, up.Location)
	if up.asks() || c.QueryParam("step_up") == "true" {
		return http.StatusUnauthorized
	}
	return http.StatusForbidden
}
