package hooks

import (
	"context"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
)

// settings answers the call before a new password is kept. Kratos makes it first and keeps the password only after 204, so
// that there is no new password whose old devices are still remembered. Repeats do no harm.
func (h *Handler) settings(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), answerWithin)
	defer cancel()
	call, err := h.read(c)
	if err != nil {
		h.Log.WarnContext(ctx, "a call from Kratos was not understood", "err", err)
		return h.unavailable(call, err.Error()).write(c)
	}
	account := call.payload.Identity.ID
	err = h.Store.Update(ctx, account, func(tx challenge.Tx) error {
		return h.Challenger.PasswordChanged(ctx, tx, account, call.person.Account)
	})
	if err != nil {
		h.Log.ErrorContext(ctx, "a new password was refused because it could not be recorded", "account", account, "err", err)
		return h.unavailable(call, "").write(c)
	}
	h.Log.InfoContext(ctx, "password changed", "account", account)
	return goOn().write(c)
}
