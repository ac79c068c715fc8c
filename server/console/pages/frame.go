package pages

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/policies"
	"nidan/server/console"
	"nidan/server/page"
	"nidan/server/session"
)

// frame is the data of every page of the console. Data is the page's own part.
type frame struct {
	Who           string               // account name; empty: the visitor is not signed in
	Overview      bool                 // the menu shows the overview
	Administrator bool                 // the menu shows the pages for administrators
	At            string               // the menu's entry that this page belongs to
	Message       string               // name of the text about the last change; empty: none
	Mail          *console.MailTrouble // shown to administrators; nil: no trouble
	NotSealed     time.Time            // shown to administrators: since when records cannot be sealed; zero: they can
	Data          any

	now      time.Time
	zone     *time.Location
	channels map[string]string // in the reader's language, by ID
	texts    map[string]string // in the reader's language
}

// Channel returns the name of a channel: from the current policies, else from the texts, else its ID.
func (f frame) Channel(id string) string {
	return cmp.Or(f.channels[id], f.texts["channel_"+id], id)
}

// ChannelOr returns the name of a channel, or a text that says that there is no channel.
func (f frame) ChannelOr(id string) string { return cmp.Or(f.Channel(id), f.texts["no_channel"]) }

// ChannelHint returns the explanation of a channel's switch.
func (f frame) ChannelHint(id string) string {
	if hint := f.texts[id+"_hint"]; hint != "" && (id == "admin_console" || id == "softphone") {
		return hint
	}
	return fmt.Sprintf(f.texts["channel_hint"], f.Channel(id))
}

// chosen is the data of the template part that shows a switch.
type chosen struct {
	Frame  frame
	Choice choice
}

// Choice returns the data to show a switch on this page.
func (f frame) Choice(c choice) chosen { return chosen{f, c} }

// Time formats a time in the console's time zone.
func (f frame) Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(f.zone).Format("2006-01-02 15:04:05")
}

// table is the data of the template part that shows a table of records.
type table struct {
	Frame   frame
	Records []record
}

// Table returns the data to show a table of records on this page.
func (f frame) Table(records []record) table { return table{f, records} }

// done has the messages that an address may name. Other messages are not shown, because anybody can make a link with any text.
var done = map[string]bool{
	"saved": true, "nothing_changed": true, "device_forgotten": true, "devices_forgotten": true, "wrong_codes_cleared": true,
	"policies_approved": true, "policies_rejected": true,
}

func (h *Handler) show(c echo.Context, who session.Visitor, status int, name, at string, data any) error {
	f := h.frameOf(c)
	f.Who, f.At, f.Data = who.Person.Account, at, data
	f.Overview = who.Identity.ID != "" && h.Console.May(c.Request().Context(), who, policies.ViewOverview, nil) == nil
	f.Administrator = who.Identity.ID != "" && h.Console.May(c.Request().Context(), who, policies.ViewSettings, nil) == nil
	if f.Administrator {
		f.Mail, f.NotSealed = h.Console.Mail(), h.Console.NotSealed()
	}
	f.Message = h.justDone(c)
	return h.pages.Render(c, status, name, f)
}

// frameOf returns a frame with only the texts and the time of the reader.
func (h *Handler) frameOf(c echo.Context) frame {
	locale := page.LocaleOf(c.Request())
	f := frame{now: h.Console.Now(), zone: h.TimeZone, channels: map[string]string{}, texts: h.Texts[locale]}
	listed, err := h.Console.Policies.Channels()
	if err != nil { // the page shows the channels' IDs instead of their names
		h.Log.WarnContext(c.Request().Context(), "it cannot be told what the channels are called", "err", err)
	}
	for _, l := range listed {
		f.channels[l.ID] = l.Name.In(locale)
	}
	return f
}

// say renders a page with one sentence.
func (h *Handler) say(c echo.Context, who session.Visitor, status int, sentence string) error {
	return h.show(c, who, status, "sentence", "", sentence)
}

// question asks for confirmation of a change. The answer sends the same form again, with all its fields and "confirmed".
type question struct {
	Lines  []line
	Action string // address that OK sends the form to
	Back   string // address of Cancel
	Fields [][2]string
}

// line is a value that is about to change: the switch of a channel, or what the text What is about. From and To are names of texts,
// or values that are shown as they are.
type line struct{ Subject, What, Channel, From, To string }

// ask shows the question for the form that was sent. The form's fields come back with the answer.
func (h *Handler) ask(c echo.Context, who session.Visitor, at, back string, lines []line) error {
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	q := question{Lines: lines, Action: c.Request().URL.Path, Back: back}
	for name, values := range form {
		for _, v := range values {
			q.Fields = append(q.Fields, [2]string{name, v})
		}
	}
	return h.show(c, who, http.StatusOK, "question", at, q)
}

func confirmed(c echo.Context) bool { return c.FormValue("confirmed") == "yes" }
