package api

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/hooks"
	"nidan/policies"
	"nidan/server/console"
	"nidan/server/session"
	"nidan/settings"
)

// switches are the settings as programs read them: those of the web console and of the softphone by themselves, too, as they were before
// each channel had one.
type switches struct {
	policies.Settings
	ChangedAt *time.Time `json:"changed_at"` // null: they are those that the database began with
	ChangedBy string     `json:"changed_by"`
}

// errPrecondition is for a change that does not say of what: with it, one of two who change at once would overwrite the other.
var errPrecondition = errors.New("no If-Match")

// writeSettings answers with the switch of each channel that the policies list now. One that was listed once keeps its switch, and is not
// shown.
func (h *Handler) writeSettings(c echo.Context, status int, s settings.Kept) error {
	all, err := h.Console.Policies.Channels()
	if err != nil {
		return err
	}
	c.Response().Header().Set("ETag", fmt.Sprintf(`"%d"`, s.Version))
	shown := switches{Settings: hooks.PolicySettings(s.Settings), ChangedBy: s.ChangedBy}
	shown.Channels = map[string]bool{}
	for _, l := range policies.Enforced(all) {
		shown.Channels[l.ID] = s.On(l.ID)
	}
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
	return h.writeSettings(c, http.StatusOK, s)
}

// changeSettings needs all of the switches, and the ETag of those that they replace (RFC 9110 §13.1.1). Who comes too late gets
// 412 with what they are now. A program that was made before each channel had a switch names two of them, and leaves the others as they are.
func (h *Handler) changeSettings(c echo.Context, who session.Visitor) error {
	version, err := ifMatch(c.Request().Header.Get("If-Match"))
	if err != nil {
		return err
	}
	var to struct {
		TwoFactor    *bool `json:"two_factor"`
		AdminConsole *bool `json:"admin_console"`
		Softphone    *bool `json:"softphone"`

		Channels map[string]*bool `json:"channels"`

		Remember     *bool `json:"remember"`
		RememberDays *int  `json:"remember_days"`
	}
	if err := readJSON(c, &to); err != nil {
		return err
	}
	if to.TwoFactor == nil || to.Remember == nil || to.RememberDays == nil || to.Channels == nil && (to.AdminConsole == nil || to.Softphone == nil) {
		return fmt.Errorf("%w: two_factor, remember and remember_days are needed, and channels, or else admin_console and softphone", console.ErrInvalid)
	}
	channels, err := together(to.Channels, map[string]*bool{"admin_console": to.AdminConsole, "softphone": to.Softphone})
	if err != nil {
		return err
	}
	s, err := h.Console.ChangeSettings(c.Request().Context(), who, version, settings.Settings{
		TwoFactor: *to.TwoFactor, Channels: channels, Remember: *to.Remember, RememberDays: *to.RememberDays,
	})
	var conflict *console.Conflict
	if errors.As(err, &conflict) {
		return h.writeSettings(c, http.StatusPreconditionFailed, conflict.Now)
	}
	if err != nil {
		return err
	}
	return h.writeSettings(c, http.StatusOK, s)
}

// together are the switches of channels that a program gives, of which two may have been given twice. Nobody can tell which of two that
// contradict each other is meant.
func together(given, alone map[string]*bool) (map[string]bool, error) {
	channels := map[string]bool{}
	for id, on := range given {
		if on == nil { // taken for false, it would switch the channel off
			return nil, fmt.Errorf("%w: channels.%s is null", console.ErrInvalid, id)
		}
		channels[id] = *on
	}
	for _, id := range slices.Sorted(maps.Keys(alone)) {
		on := alone[id]
		if on == nil {
			continue
		}
		if other, both := channels[id]; both && other != *on {
			return nil, fmt.Errorf("%w: %s and channels.%s say different things", console.ErrInvalid, id, id)
		}
		channels[id] = *on
	}
	return channels, nil
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
