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

// switches are the settings as JSON. The switches of the web console and the softphone are there twice, because clients from before
// the other channels had switches read them by their own names.
type switches struct {
	policies.Settings
	ChangedAt *time.Time `json:"changed_at"` // null: nobody has changed the initial settings
	ChangedBy string     `json:"changed_by"`
}

// errPrecondition is the error for a change without If-Match. Without it, one of two clients that change the settings at once would
// overwrite the other's change.
var errPrecondition = errors.New("no If-Match")

// writeSettings answers with the switches of the channels that the current policies list. A channel that is not listed any more keeps
// its switch, but the answer does not contain it.
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

// changeSettings needs all switches, and the ETag of the settings that they replace (RFC 9110 §13.1.1). If somebody else has changed the
// settings meanwhile, the answer is 412 with the current settings. A client from before each channel had a switch sends two of the
// switches; the others stay as they are.
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

// together returns the switches of the channels in a request. Two channels may occur twice in it. If their values differ, together
// returns an error, because it cannot know which value is meant.
func together(given, alone map[string]*bool) (map[string]bool, error) {
	channels := map[string]bool{}
	for id, on := range given {
		if on == nil { // null would be read as false and switch the channel off
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

// ifMatch returns the version in an ETag of the settings. "*" is not accepted, because it would match any change that somebody else
// has made.
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
