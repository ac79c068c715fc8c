package pages

import (
	"errors"
	"maps"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"nidan/policies"
	"nidan/server/console"
	"nidan/server/session"
	"nidan/settings"
)

type settingsPage struct {
	settings.Kept
	Listed []policies.ListedChannel // channels that have a switch
}

func (h *Handler) settings(c echo.Context, who session.Visitor) error {
	s, listed, err := h.switches(c, who)
	if err != nil {
		return err
	}
	return h.show(c, who, http.StatusOK, "settings", "settings", settingsPage{s, listed})
}

// switches returns the settings, and the channels that have a switch.
func (h *Handler) switches(c echo.Context, who session.Visitor) (settings.Kept, []policies.ListedChannel, error) {
	s, err := h.Console.Settings(c.Request().Context(), who)
	if err != nil {
		return s, nil, err
	}
	all, err := h.Console.Policies.Channels()
	return s, policies.Enforced(all), err
}

type settingsForm struct {
	settings.Settings
	Listed    []policies.ListedChannel
	Version   int64
	Days      string         // as the visitor has typed it
	DaysError bool           // Days is not a number from 1 to 365
	Meanwhile *settings.Kept // settings that somebody else has saved since the form was opened; nil: nobody has
}

// choice is the data of the template part that shows a switch.
type choice struct {
	Name    string // name of the form's field and of its text; for a channel: its ID
	Channel bool
	On      bool
	Kept    string // name of the text for the value that somebody else has saved meanwhile; empty: the value is the same
}

// Switch returns a switch that does not belong to a channel.
func (f settingsForm) Switch(name string, on bool) choice {
	var now settings.Settings
	if f.Meanwhile != nil {
		now = f.Meanwhile.Settings
	}
	return f.choice(name, false, on, map[string]bool{"two_factor": now.TwoFactor, "remember": now.Remember}[name])
}

// SwitchOf returns the switch of a channel.
func (f settingsForm) SwitchOf(channel string) choice {
	return f.choice(channel, true, f.On(channel), f.Meanwhile != nil && f.Meanwhile.On(channel))
}

func (f settingsForm) choice(name string, channel, on, now bool) choice {
	c := choice{Name: name, Channel: channel, On: on}
	if f.Meanwhile != nil && now != on {
		c.Kept = onOff[now]
	}
	return c
}

func (h *Handler) editSettings(c echo.Context, who session.Visitor) error {
	if err := h.Console.May(c.Request().Context(), who, policies.ChangeSettings, nil); err != nil {
		return err
	}
	s, listed, err := h.switches(c, who)
	if err != nil {
		return err
	}
	f := settingsForm{Settings: s.Settings, Listed: listed, Version: s.Version, Days: strconv.Itoa(s.RememberDays)}
	return h.show(c, who, http.StatusOK, "settings_edit", "settings", f)
}

// saveSettings asks for confirmation, and then saves. If there is an error, it shows the form again with the input, so that the input
// is never lost.
func (h *Handler) saveSettings(c echo.Context, who session.Visitor) error {
	now, listed, err := h.switches(c, who)
	if err != nil {
		return err
	}
	f, given, ok := readSettings(c, now, listed)
	if !ok {
		return console.ErrInvalid
	}
	switch {
	case f.DaysError:
		return h.show(c, who, http.StatusUnprocessableEntity, "settings_edit", "settings", f)
	case now.Version != f.Version:
		return h.conflict(c, who, f, now)
	case now.Settings.Equal(f.Settings):
		return h.done(c, "/console/settings", "nothing_changed")
	case !confirmed(c):
		return h.ask(c, who, "settings", "/console/settings", settingsLines(now.Settings, f.Settings, listed))
	}
	to := f.Settings
	to.Channels = given
	_, err = h.Console.ChangeSettings(c.Request().Context(), who, f.Version, to)
	var conflict *console.Conflict
	if errors.As(err, &conflict) {
		return h.conflict(c, who, f, conflict.Now)
	}
	if err != nil {
		return err
	}
	return h.done(c, "/console/settings", "saved")
}

// conflict shows the input together with the settings that somebody else has saved meanwhile. If the visitor saves again, they know
// what they overwrite.
func (h *Handler) conflict(c echo.Context, who session.Visitor, f settingsForm, now settings.Kept) error {
	f.Version, f.Meanwhile = now.Version, &now
	return h.show(c, who, http.StatusConflict, "settings_edit", "settings", f)
}

// readSettings reads the form, and which channels it has a switch of. It returns false for a form that these pages never send. A
// channel that was listed after the form was opened is not in the form, and keeps its switch.
func readSettings(c echo.Context, now settings.Kept, listed []policies.ListedChannel) (f settingsForm, given map[string]bool, ok bool) {
	version, err := strconv.ParseInt(c.FormValue("version"), 10, 64)
	if err != nil {
		return f, nil, false
	}
	f.Listed, f.Version, f.Days = listed, version, c.FormValue("remember_days")
	given, f.Channels = map[string]bool{}, map[string]bool{}
	maps.Copy(f.Channels, now.Channels)
	switches := map[string]func(bool){
		"two_factor": func(on bool) { f.TwoFactor = on }, "remember": func(on bool) { f.Remember = on },
	}
	for _, l := range listed {
		if c.FormValue(l.ID) != "" {
			switches[l.ID] = func(on bool) { given[l.ID], f.Channels[l.ID] = on, on }
		}
	}
	for name, set := range switches {
		switch c.FormValue(name) {
		case "on":
			set(true)
		case "off":
			set(false)
		default:
			return f, nil, false
		}
	}
	days, err := strconv.Atoi(f.Days)
	f.RememberDays, f.DaysError = days, err != nil || days < 1 || days > 365
	return f, given, true
}

var onOff = map[bool]string{true: "on", false: "off"}

func settingsLines(from, to settings.Settings, listed []policies.ListedChannel) (lines []line) {
	add := func(what, channel string, from, to bool) {
		if from != to {
			lines = append(lines, line{What: what, Channel: channel, From: onOff[from], To: onOff[to]})
		}
	}
	add("two_factor", "", from.TwoFactor, to.TwoFactor)
	for _, l := range listed {
		add("", l.ID, from.On(l.ID), to.On(l.ID))
	}
	add("remember", "", from.Remember, to.Remember)
	if from.RememberDays != to.RememberDays {
		lines = append(lines, line{What: "remember_days", From: strconv.Itoa(from.RememberDays), To: strconv.Itoa(to.RememberDays)})
	}
	return lines
}
