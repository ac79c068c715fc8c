package pages

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/policies"
	"nidan/records"
	"nidan/server/console"
	"nidan/server/session"
)

// recordList is the page of the records.
type recordList struct {
	recordForm
	Rows        []entry
	Channels    []string // that there are to choose from
	NextQuery   string   // empty on the last page
	First, More bool     // the first page; nothing was found so far, and there is more to look at
	MayExport   bool
}

// entry is a row, for the part of the page that shows it.
type entry struct {
	record
	Frame  frame
	Result records.Result // of a sign-in; empty: it is none
	Story  []step
}

// step is a record of a sign-in, as its story tells it.
type step struct {
	record
	Frame frame
}

// entry is a row on this page.
func (f frame) entry(r console.Row) entry {
	e := entry{record: recordsOf([]records.Record{r.Record})[0], Frame: f}
	if r.Kind == "sign_in" {
		e.Result = records.ResultOf(r.State)
	}
	for _, s := range recordsOf(r.Story) {
		e.Story = append(e.Story, step{s, f})
	}
	return e
}

// Says tells whether the state says more than the result, or than the kind.
func (e entry) Says() bool {
	if e.Result == "" {
		return e.State != "" && e.State != "changed"
	}
	return e.Result == records.ResultUnfinished || e.Result == records.ResultRefused && e.State != string(challenge.Refused)
}

func (h *Handler) records(c echo.Context, who session.Visitor) error {
	if err := h.Console.May(c.Request().Context(), who, policies.ViewRecords, nil); err != nil {
		return err
	}
	l := recordList{recordForm: h.readRecordForm(c.QueryParams())}
	l.Channels = h.channels(l.Channel)
	l.First = l.filter.Before == 0
	l.MayExport = h.Console.May(c.Request().Context(), who, policies.ExportRecords, nil) == nil
	if len(l.Wrong) > 0 {
		return h.show(c, who, http.StatusUnprocessableEntity, "records", "records", l)
	}
	found, err := h.Console.Rows(c.Request().Context(), who, l.filter)
	if err != nil {
		return err
	}
	frame := h.frameOf(c)
	for _, r := range found.Rows {
		l.Rows = append(l.Rows, frame.entry(r))
	}
	l.More = len(l.Rows) == 0 && found.Next != 0
	if found.Next != 0 {
		l.NextQuery = l.Query("before", strconv.FormatInt(found.Next, 10))
	}
	return h.show(c, who, http.StatusOK, "records", "records", l)
}

// channels are those to choose from: those that the policies list, and the one that was chosen. Where they cannot be told, that one alone.
func (h *Handler) channels(chosen string) (all []string) {
	listed, err := h.Console.Policies.Channels()
	if err == nil {
		for _, l := range listed {
			all = append(all, l.ID)
		}
	}
	if !slices.Contains(all, "unknown") {
		all = append(all, "unknown")
	}
	if chosen != "" && !slices.Contains(all, chosen) {
		all = append(all, chosen)
	}
	return all
}
