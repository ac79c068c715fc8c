package pages

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/policies"
	"nidan/server/console"
	"nidan/server/session"
)

func (h *Handler) settings(c echo.Context, who session.Visitor) error {
	s, err := h.Console.Settings(c.Request().Context(), who)
	if err != nil {
		return err
	}
	return h.show(c, who, http.StatusOK, "settings", "settings", s)
}

// settingsForm is what is being edited.
type settingsForm struct {
	challenge.Settings
	Version   int64
	Days      string                  // as typed
	DaysError bool                    // they are not a number from 1 to 365
	Meanwhile *challenge.KeptSettings // what somebody else has saved since the form was opened; nil: nobody has
}

// Switch is one of the switches, for the part of the form that shows it: its name, whether it is on, and the name of the text
// for what somebody else has made it meanwhile ("": no other than this).
func (f settingsForm) Switch(name string, on bool) [3]any {
	kept := ""
	if f.Meanwhile != nil {
		now := map[string]bool{
			"two_factor": f.Meanwhile.TwoFactor, "admin_console": f.Meanwhile.AdminConsole,
			"softphone": f.Meanwhile.Softphone, "remember": f.Meanwhile.Remember,
		}[name]
		if now != on {
			kept = map[bool]string{true: "on", false: "off"}[now]
		}
	}
	return [3]any{name, on, kept}
}

func (h *Handler) editSettings(c echo.Context, who session.Visitor) error {
	if err := h.Console.May(c.Request().Context(), who, policies.ChangeSettings, nil); err != nil {
		return err
	}
	s, err := h.Console.Settings(c.Request().Context(), who)
	if err != nil {
		return err
	}
	f := settingsForm{Settings: s.Settings, Version: s.Version, Days: strconv.Itoa(s.RememberDays)}
	return h.show(c, who, http.StatusOK, "settings_edit", "settings", f)
}

// saveSettings asks back, then saves. What was typed is never lost: whatever is wrong with it is said in the same form.
func (h *Handler) saveSettings(c echo.Context, who session.Visitor) error {
	ctx := c.Request().Context()
	now, err := h.Console.Settings(ctx, who)
	if err != nil {
		return err
	}
	f, ok := readSettings(c)
	if !ok {
		return console.ErrInvalid
	}
	switch {
	case f.DaysError:
		return h.show(c, who, http.StatusUnprocessableEntity, "settings_edit", "settings", f)
	case now.Version != f.Version:
		return h.conflict(c, who, f, now)
	case now.Settings == f.Settings:
		return c.Redirect(http.StatusSeeOther, "/console/settings?done=nothing_changed")
	case !confirmed(c):
		return h.ask(c, who, "settings", "/console/settings", settingsLines(now.Settings, f.Settings))
	}
	_, err = h.Console.ChangeSettings(ctx, who, f.Version, f.Settings)
	var conflict *console.Conflict
	if errors.As(err, &conflict) {
		return h.conflict(c, who, f, conflict.Now)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/console/settings?done=saved")
}

// conflict shows what somebody else has saved meanwhile beside what was typed. Saving it now is done knowingly.
func (h *Handler) conflict(c echo.Context, who session.Visitor, f settingsForm, now challenge.KeptSettings) error {
	f.Version, f.Meanwhile = now.Version, &now
	return h.show(c, who, http.StatusConflict, "settings_edit", "settings", f)
}

// readSettings reads the form; false for one that these pages never send.
func readSettings(c echo.Context) (settingsForm, bool) {
	var f settingsForm
	version, err := strconv.ParseInt(c.FormValue("version"), 10, 64)
	if err != nil {
		return f, false
	}
	f.Version, f.Days = version, c.FormValue("remember_days")
	for name, into := range map[string]*bool{
		"two_factor": &f.TwoFactor, "admin_console": &f.AdminConsole, "softphone": &f.Softphone, "remember": &f.Remember,
	} {
		switch c.FormValue(name) {
		case "on":
			*into = true
		case "off":
		default:
			return f, false
		}
	}
	days, err := strconv.Atoi(f.Days)
	f.RememberDays, f.DaysError = days, err != nil || days < 1 || days > 365
	return f, true
}

func settingsLines(from, to challenge.Settings) (lines []line) {
	onOff := map[bool]string{true: "on", false: "off"}
	for _, s := range []struct {
		what     string
		from, to bool
	}{
		{"two_factor", from.TwoFactor, to.TwoFactor}, {"admin_console", from.AdminConsole, to.AdminConsole},
		{"softphone", from.Softphone, to.Softphone}, {"remember", from.Remember, to.Remember},
	} {
		if s.from != s.to {
			lines = append(lines, line{What: s.what, From: onOff[s.from], To: onOff[s.to]})
		}
	}
	if from.RememberDays != to.RememberDays {
		lines = append(lines, line{What: "remember_days", From: strconv.Itoa(from.RememberDays), To: strconv.Itoa(to.RememberDays)})
	}
	return lines
}
