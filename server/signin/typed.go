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

// typed is the input of the first step of a sign-in. Kratos needs it again together with the code, and a page without a script cannot
// keep it.
//
// So the browser keeps it in a cookie, encrypted with a key that only Nidan has. The attacks that were considered:
//
//   - Reading the data that a browser keeps (its history, its cache, its pages): no page and no address contains the password, and the
//     cookie is encrypted. Without the key, it does not reveal the password.
//   - Using the cookie: it can be used only for the flow in which it was made, and only for 15 minutes. Kratos accepts a submission of
//     this flow only with the flow's anti-CSRF cookie. An attacker who has both cookies has the browser, and still needs the code.
//   - Getting the cookie sent to another place: the browser sends it only to /login, and Nidan removes it from the request to Kratos.
//     Scripts cannot read it (HttpOnly), and it is not sent with a form on another site (SameSite).
//   - Putting another cookie into the browser, so that the person signs in as somebody else: it cannot be decrypted for another flow.
//
// Nidan itself stores nothing, so there is no store of passwords to steal.
type typed struct {
	Identifier string    `json:"identifier,omitempty"`
	Password   string    `json:"password,omitempty"`
	Provider   string    `json:"provider,omitempty"` // provider of the sign-in, instead of identifier and password
	Remember   bool      `json:"remember,omitempty"` // state of the checkbox, which a wrong code should not clear
	Until      time.Time `json:"until"`
}

const (
	typedFor = 15 * time.Minute // after each submission; a code is valid for 10 minutes at most
	// mostTyped is the maximum number of bytes of the cookie's value: browsers reject a cookie of more than 4096 bytes, with its name and
	// attributes.
	mostTyped = 3800
)

// typedCookie returns the cookie's name. The prefix __Secure- makes browsers refuse a cookie of this name from a page without TLS
// (RFC 6265bis). The prefix __Host- cannot be used, because such a cookie is sent to every path.
func (h *Handler) typedCookie() string {
	if h.HTTPS {
		return "__Secure-nidan_typed"
	}
	return "nidan_typed"
}

// typedContext binds the encryption of a cookie to its flow.
func typedContext(flow string) string { return "typed at sign-in, flow " + flow }

// keep makes the browser keep t until typedFor is over. Input that is too long for a cookie is not kept, and the person has to enter
// it again.
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

// forget makes the browser delete the cookie.
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

// kept returns the input that the browser keeps for this flow. It returns false if the cookie cannot be decrypted or has expired.
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
