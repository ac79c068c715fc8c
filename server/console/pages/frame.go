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

// frame is what every page of the console is given, with what is its own in Data.
type frame struct {
	Who           string               // account name; empty: nobody is signed in
	Overview      bool                 // sees the overview in the menu
	Administrator bool                 // sees the pages for administrators in the menu
	At            string               // the page of the menu that this one belongs to
	Message       string               // name of a text: what has just been done; empty: nothing
	Mail          *console.MailTrouble // shown to administrators; nil: none
	NotSealed     time.Time            // shown to administrators: since when records cannot be sealed; zero: they can
	Data          any

	now      time.Time
	zone     *time.Location
	channels map[string]string // names in the reader's language, by id
	texts    map[string]string // in the reader's language
}

// Channel is what a channel is called: as the policies say that decide now, or, of one that they do not list, as the texts or its id.
func (f frame) Channel(id string) string {
	return cmp.Or(f.channels[id], f.texts["channel_"+id], id)
}

// ChannelOr is what a channel is called, also where there is none.
func (f frame) ChannelOr(id string) string { return cmp.Or(f.Channel(id), f.texts["no_channel"]) }

// ChannelHint says what the switch of a channel is for.
func (f frame) ChannelHint(id string) string {
	if hint := f.texts[id+"_hint"]; hint != "" && (id == "admin_console" || id == "softphone") {
		return hint
	}
	return fmt.Sprintf(f.texts["channel_hint"], f.Channel(id))
}

// chosen is a switch, for the part of a form that shows it.
type chosen struct {
	Frame  frame
	Choice choice
}

// Choice is a switch on this page.
func (f frame) Choice(c choice) chosen { return chosen{f, c} }

// Time is an instant as people here read it.
func (f frame) Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(f.zone).Format("2006-01-02 15:04:05")
}

// table is a table of records, for the part of a page that shows it.
type table struct {
	Frame   frame
	Records []record
}

// Table is a table of records on this page.
func (f frame) Table(records []record) table { return table{f, records} }

// done are the messages that a page may be asked to show. What is not among them is not shown: anybody can make a link.
var done = map[string]bool{
	"saved": true, "nothing_changed": true, "device_forgotten": true, "devices_forgotten": true, "wrong_codes_cleared": true,
	"policies_approved": true, "policies_rejected": true,
}

// show renders a page of the console.
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

// frameOf is a frame that has no more than the words and the time of whoever reads.
func (h *Handler) frameOf(c echo.Context) frame {
	locale := page.LocaleOf(c.Request())
	f := frame{now: h.Console.Now(), zone: h.TimeZone, channels: map[string]string{}, texts: h.Texts[locale]}
	listed, err := h.Console.Policies.Channels()
	if err != nil { // their ids have to do: what the page is about need not be channels
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

// question is asked before something is changed. The answer is the same form again, with what was given and "confirmed".
type question struct {
	Lines  []line
	Action string // where OK goes
	Back   string // where Cancel goes
	Fields [][2]string
}

// line is one thing that is about to change: the switch of a channel, or else what a text is about. From and To are names of texts, or shown
// as they are.
type line struct{ Subject, What, Channel, From, To string }

// ask renders the question of the form that was sent: its fields come back with the answer.
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
