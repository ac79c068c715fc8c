package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/server/console"
	"nidan/server/session"
)

// settings are the switches as programs read them.
type settings struct {
	challenge.Settings
	ChangedAt *time.Time `json:"changed_at"` // null: they are those that the database began with
	ChangedBy string     `json:"changed_by"`
}

// errPrecondition is for a change that does not say of what: with it, one of two who change at once would overwrite the other.
var errPrecondition = errors.New("no If-Match")

func writeSettings(c echo.Context, status int, s challenge.KeptSettings) error {
	c.Response().Header().Set("ETag", fmt.Sprintf(`"%d"`, s.Version))
	shown := settings{Settings: s.Settings, ChangedBy: s.ChangedBy}
	if !s.ChangedAt.IsZero() {
		shown.ChangedAt = &s.ChangedAt
	}
	return c.JSON(status, shown)
}

func (h *Handler) settings(c echo.Context, who session.Visitor) error {
	s, err := h.Console.Settings(c.Request().Context(), who)
	if err != nil {
		return err
	}
	return writeSettings(c, http.StatusOK, s)
}

// changeSettings needs all of the switches, and the ETag of those that they replace (RFC 9110 §13.1.1). Who comes too late gets
// 412 with what they are now.
func (h *Handler) changeSettings(c echo.Context, who session.Visitor) error {
	version, err := ifMatch(c.Request().Header.Get("If-Match"))
	if err != nil {
		return err
	}
	var to struct {
		TwoFactor    *bool `json:"two_factor"`
		AdminConsole *bool `json:"admin_console"`
		Softphone    *bool `json:"softphone"`
		Remember     *bool `json:"remember"`
		RememberDays *int  `json:"remember_days"`
	}
	if err := readJSON(c, &to); err != nil {
		return err
	}
	if to.TwoFactor == nil || to.AdminConsole == nil || to.Softphone == nil || to.Remember == nil || to.RememberDays == nil {
		return fmt.Errorf("%w: all five settings are needed", console.ErrInvalid)
	}
	s, err := h.Console.ChangeSettings(c.Request().Context(), who, version, challenge.Settings{
		TwoFactor: *to.TwoFactor, AdminConsole: *to.AdminConsole, Softphone: *to.Softphone, Remember: *to.Remember,
		RememberDays: *to.RememberDays,
	})
	var conflict *console.Conflict
	if errors.As(err, &conflict) {
		return writeSettings(c, http.StatusPreconditionFailed, conflict.Now)
	}
	if err != nil {
		return err
	}
	return writeSettings(c, http.StatusOK, s)
}

// ifMatch is the version that an ETag of ours names. "*" is not taken: it would match whatever somebody else has made of them.
func ifMatch(header string) (int64, error) {
	if header == "" {
		return 0, errPrecondition
	}
	quoted, ok := strings.CutPrefix(header, `"`)
	number, closed := strings.CutSuffix(quoted, `"`)
	version, err := strconv.ParseInt(number, 10, 64)
	if !ok || !closed || err != nil {
		return 0, fmt.Errorf("%w: If-Match is not an ETag of the settings", console.ErrInvalid)
	}
	return version, nil
}
