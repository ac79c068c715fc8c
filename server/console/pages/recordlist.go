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

type recordList struct {
	recordForm
	Rows        []entry
	Channels    []string // channels that can be chosen
	NextQuery   string   // query of the next page; empty on the last page
	First, More bool     // First: this is the first page. More: nothing was found so far, and the search can go on
	MayExport   bool
}

// entry is the data of the template part that shows a row.
type entry struct {
	record
	Frame  frame
	Result records.Result // result of a sign-in; empty: the row is not of a sign-in
	Story  []step
}

// step is a record of a sign-in, in the list of its records.
type step struct {
	record
	Frame frame
}

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

// Says says whether the state tells more than the result or the kind.
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

// channels returns the channels that can be chosen: those that the policies list, and the chosen one. If the policies' list cannot be
// read, it leaves that list out.
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
