package signin

import (
	"context"
	"fmt"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/hooks"
)

// knowAgain sees to it that the browser has a token of 256 random bits to be known by. It is set before any password is
// submitted and is worth nothing until a right code came with the wish to be remembered.
//
// A token by which no device is remembered is replaced each time: somebody may have put it there who knows it.
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

// remembered says whether a device is remembered by a token. Where that cannot be told, a browser that was remembered keeps its
// token: without a database nobody is remembered with it anyway.
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
