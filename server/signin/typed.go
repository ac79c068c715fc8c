package signin

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"
)

// typed is what somebody entered in the first step of a sign-in. Kratos wants it again with the code, and a page without script cannot
// keep it.
//
// So the browser keeps it, in a cookie, encrypted with a key that only Nidan has. These are the attacks that were thought of:
//
//   - Reading what a browser keeps (its history, its cache, its pages): the password is in no page and no address, and what the cookie
//     holds cannot be read. Without the key, the cookie is no password.
//   - Using the cookie: it opens for the flow alone in which it was made, and for a quarter of an hour. Kratos takes a submission of
//     this flow only with the flow's anti-CSRF cookie. Whoever has both has the browser, and still needs the code.
//   - Sending it to somebody else: the browser sends it to /login alone, and Nidan takes it out of what goes to Kratos. A script cannot
//     read it (HttpOnly), and a form on another site does not bring it along (SameSite).
//   - Putting another one there, to have somebody sign in as somebody else: it does not open for another flow.
//
// Nidan keeps nothing: there is no store of passwords to be stolen.
type typed struct {
	Identifier string    `json:"identifier,omitempty"`
	Password   string    `json:"password,omitempty"`
	Provider   string    `json:"provider,omitempty"` // with which somebody signs in, in place of the two
	Remember   bool      `json:"remember,omitempty"` // the tick, which a wrong code should not clear
	Until      time.Time `json:"until"`
}

const (
	typedFor = 15 * time.Minute // from each submission on; a code is good for ten minutes at most
	// mostTyped bounds the cookie: browsers keep none of more than 4096 bytes, with its name and attributes.
	mostTyped = 3800
)

// typedCookie is the cookie's name. The prefix has browsers refuse one that a page without TLS sets (RFC 6265bis). The cookie is no
// __Host- one, which would go to every path.
func (h *Handler) typedCookie() string {
	if h.HTTPS {
		return "__Secure-nidan_typed"
	}
	return "nidan_typed"
}

// typedContext binds a cookie to its flow.
func typedContext(flow string) string { return "typed at sign-in, flow " + flow }

// keep has the browser keep t until the flow has ended. What is too long for a cookie is not kept, and is asked for again.
func (h *Handler) keep(c echo.Context, flow string, t typed) error {
	t.Until = h.Now().Add(typedFor)
	plain, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("keep what was typed: %w", err)
	}
	sealed := base64.RawURLEncoding.EncodeToString(h.Keys.Seal(string(plain), typedContext(flow)))
	if len(sealed) > mostTyped {
		h.forget(c)
		return nil
	}
	h.setTyped(c, sealed, int(typedFor.Seconds()))
	return nil
}

// forget has the browser forget what it keeps.
func (h *Handler) forget(c echo.Context) {
	if _, err := c.Cookie(h.typedCookie()); err == nil {
		h.setTyped(c, "", -1)
	}
}

func (h *Handler) setTyped(c echo.Context, value string, age int) {
	c.SetCookie(&http.Cookie{
		Name: h.typedCookie(), Value: value, Path: "/login", MaxAge: age,
		HttpOnly: true, Secure: h.HTTPS, SameSite: http.SameSiteLaxMode,
	})
}

// kept is what the browser keeps for this flow. What cannot be opened, or is over, is as good as nothing.
func (h *Handler) kept(r *http.Request, flow string) (t typed, ok bool) {
	cookie, err := r.Cookie(h.typedCookie())
	if err != nil {
		return typed{}, false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return typed{}, false
	}
	plain, err := h.Keys.Open(sealed, typedContext(flow))
	if err != nil || json.Unmarshal([]byte(plain), &t) != nil || h.Now().After(t.Until) {
		return typed{}, false
	}
	return t, true
}

// fill puts t into the fields that go to Kratos.
func (t typed) fill(fields url.Values) {
	if t.Provider != "" {
		fields.Set("method", "oidc")
		fields.Set("provider", t.Provider)
		return
	}
	fields.Set("method", "password")
	fields.Set("identifier", t.Identifier)
	fields.Set("password", t.Password)
}
