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

// stepUp is what would make a session worth more, and where a browser does it.
type stepUp struct {
	ACR      string `json:"acr,omitempty"`     // "aal2": Kratos asks for a factor of its own
	MaxAge   int    `json:"max_age,omitempty"` // seconds that may have passed since the last step of signing in
	Location string `json:"location"`
}

// authAAL2 is a step up to Kratos' second factor.
var authAAL2 = policies.StepUp{ACR: "aal2"}

// asks says whether there is something to ask for besides a sign-in like the last one.
func (s stepUp) asks() bool { return s.ACR != "" || s.MaxAge > 0 }

// challenge is the header by which a client learns what to do (RFC 9470, section 3).
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

// of is the step up that the policies name. A browser comes back from it to where returnTo leads; empty: to where Kratos says.
func (h *Handler) of(up policies.StepUp, returnTo string) stepUp {
	query := url.Values{}
	if up.ACR != "" {
		query.Set("aal", up.ACR)
	} else {
		query.Set("refresh", "true") // without it, Kratos leads whoever is signed in back at once
	}
	return stepUp{ACR: up.ACR, MaxAge: 60 * up.MaxAgeMinutes, Location: h.begin(query, returnTo)}
}

// begin is where a login flow of Kratos begins, by way of Nidan.
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

// mostReturnTo bounds the address to come back to: Kratos is handed no longer one.
const mostReturnTo = 1500

// returnTo is the page that a browser asked a proxy for, as the proxy says. It is empty where that is not said, not once, or leads to none
// of the origins that are allowed: a proxy may hand on what its client wrote there, and nobody is to be sent anywhere by a link to a
// protected page.
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

// one is the value of a header that is there once.
func one(h http.Header, name string) (string, bool) {
	values := h.Values(name)
	if len(values) != 1 || values[0] == "" {
		return "", false
	}
	return values[0], true
}

// hint puts into an answer what a client has to do, and says with which status to answer. What takes more than a sign-in like the last one
// is 401. Else it is 403, as it always was, unless the request says that it knows about this.
func (h *Handler) hint(c echo.Context, up stepUp) int {
	c.Response().Header().Set(echo.HeaderWWWAuthenticate, up.challenge())
	c.Response().Header().Set(echo.HeaderLocation, up.Location)
	if up.asks() || c.QueryParam("step_up") == "true" {
		return http.StatusUnauthorized
	}
	return http.StatusForbidden
}
