package signin

import (
	"context"
	"fmt"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/hooks"
)

// knowAgain makes sure that the browser has a token of 256 random bits, by which its device can be remembered. The token is set
// before the password is submitted. It has no effect until a correct code was submitted with the wish to be remembered.
//
// A token by which no device is remembered is replaced each time: an attacker who knows the token may have put it into the browser.
func (h *Handler) knowAgain(c echo.Context) error {
	known, err := c.Cookie(hooks.DeviceCookie(h.HTTPS))
	if err == nil && h.remembered(c.Request().Context(), known.Value) {
		c.SetCookie(hooks.NewDeviceCookie(h.HTTPS, known.Value))
		return nil
	}
	token, err := challenge.NewDeviceToken(h.Rand)
	if err != nil {
		return fmt.Errorf("give the browser a token: %w", err)
	}
	c.SetCookie(hooks.NewDeviceCookie(h.HTTPS, token))
	return nil
}

// remembered says whether a device is remembered by a token. If the database cannot be read, it returns true, so that a browser that
// was remembered keeps its token. This is safe, because without the database nobody can use the token.
func (h *Handler) remembered(ctx context.Context, token string) bool {
	hash := challenge.HashDeviceToken(token)
	if hash == nil {
		return false
	}
	found, err := h.Remembered(ctx, hash)
	if err != nil {
		h.Log.ErrorContext(ctx, "whether a device is remembered cannot be told", "err", err)
	}
	return found || err != nil
}
