package signin

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// deviceCookieAge is as long as browsers keep a cookie (RFC 6265bis §5.5). How long a device is remembered is decided at each
// sign-in, and is less.
const deviceCookieAge = 400 * 24 * time.Hour

// knowAgain sees to it that the browser has a token of 256 random bits to be known by. It is set before any password is
// submitted and is worth nothing until a right code came with the wish to be remembered.
func (h *Handler) knowAgain(c echo.Context) error {
	token := ""
	if known, err := c.Cookie(h.DeviceCookie); err == nil && len(known.Value) == tokenLength {
		token = known.Value
	} else {
		raw := make([]byte, 32)
		if _, err := io.ReadFull(h.Rand, raw); err != nil {
			return fmt.Errorf("draw a device token: %w", err)
		}
		token = base64.RawURLEncoding.EncodeToString(raw)
	}
	c.SetCookie(&http.Cookie{
		Name: h.DeviceCookie, Value: token, Path: "/", MaxAge: int(deviceCookieAge.Seconds()),
		HttpOnly: true, Secure: h.HTTPS, SameSite: http.SameSiteLaxMode,
	})
	return nil
}

// tokenLength is that of 32 bytes in base64 without padding.
const tokenLength = 43
