package api

import (
	"encoding/hex"
	"net/http"

	"github.com/labstack/echo/v4"

	"nidan/kratos"
	"nidan/server/session"
)

// accountID returns the account in the path, or, for /me, the visitor's own account.
func accountID(c echo.Context, who session.Visitor) string {
	if id := c.Param("id"); id != "" {
		return id
	}
	return who.Identity.ID
}

func (h *Handler) forgetDevices(c echo.Context, who session.Visitor) error {
	n, err := h.Console.ForgetDevices(c.Request().Context(), who, accountID(c, who))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]int{"forgotten": n})
}

func (h *Handler) forgetDevice(c echo.Context, who session.Visitor) error {
	token, err := hex.DecodeString(c.Param("device"))
	if err != nil {
		return kratos.ErrGone
	}
	forgotten, err := h.Console.ForgetDevice(c.Request().Context(), who, accountID(c, who), token)
	if err != nil {
		return err
	}
	if !forgotten {
		return kratos.ErrGone
	}
	return c.NoContent(http.StatusNoContent)
}

func (h *Handler) clearWrongCodes(c echo.Context, who session.Visitor) error {
	if err := h.Console.ClearWrongCodes(c.Request().Context(), who, c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
