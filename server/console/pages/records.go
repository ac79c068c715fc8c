package pages

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/server/console"
	"nidan/server/session"
)

// record is a record as people read it.
type record struct {
	challenge.Record
	Pretty  string // its detail, indented
	Channel string // of a sign-in; empty: it is of none, or nothing was decided
}

func recordsOf(all []challenge.Record) []record {
	shown := make([]record, len(all))
	for i, r := range all {
		var pretty bytes.Buffer
		if json.Indent(&pretty, r.Detail, "", "  ") != nil {
			pretty.Reset() // there is none
		}
		var of struct{ Decision struct{ Channel string } }
		_ = json.Unmarshal(r.Detail, &of) // a detail that says nothing of a channel has none
		shown[i] = record{r, pretty.String(), of.Decision.Channel}
	}
	return shown
}

// recordList is the page of the records.
type recordList struct {
	Account, Kind, From, To string // as typed
	Kinds                   []string
	Records                 []record
	ExportQuery, NextQuery  string // NextQuery is empty on the last page
	First                   bool
}

// at is how a browser gives a time without seconds, and with them (HTML, "local date and time").
var at = []string{"2006-01-02T15:04", "2006-01-02T15:04:05"}

// recordFilter reads the filter from a query. What cannot be read is an error and not left out: more would be shown than was
// asked for.
func (h *Handler) recordFilter(q url.Values) (challenge.RecordFilter, error) {
	f := challenge.RecordFilter{Account: q.Get("account"), Kind: q.Get("kind")}
	for name, into := range map[string]*time.Time{"from": &f.From, "to": &f.To} {
		typed := q.Get(name)
		if typed == "" {
			continue
		}
		var err error
		for _, layout := range at {
			if *into, err = time.ParseInLocation(layout, typed, h.TimeZone); err == nil {
				break
			}
		}
		if err != nil {
			return f, console.ErrInvalid
		}
	}
	if typed := q.Get("before"); typed != "" {
		before, err := strconv.ParseInt(typed, 10, 64)
		if err != nil {
			return f, console.ErrInvalid
		}
		f.Before = before
	}
	return f, nil
}

func (h *Handler) records(c echo.Context, who session.Visitor) error {
	q := c.QueryParams()
	f, err := h.recordFilter(q)
	if err != nil {
		return err
	}
	page, err := h.Console.Records(c.Request().Context(), who, f)
	if err != nil {
		return err
	}
	l := recordList{
		Account: q.Get("account"), Kind: q.Get("kind"), From: q.Get("from"), To: q.Get("to"), Kinds: challenge.RecordKinds,
		Records: recordsOf(page.Records), First: f.Before == 0,
	}
	narrowed := url.Values{"account": {l.Account}, "kind": {l.Kind}, "from": {l.From}, "to": {l.To}}
	l.ExportQuery = "?" + narrowed.Encode()
	if page.Next != 0 {
		narrowed.Set("before", strconv.FormatInt(page.Next, 10))
		l.NextQuery = "?" + narrowed.Encode()
	}
	return h.show(c, who, http.StatusOK, "records", "records", l)
}

func (h *Handler) export(c echo.Context, who session.Visitor) error {
	f, err := h.recordFilter(c.QueryParams())
	if err != nil {
		return err
	}
	return console.WriteRecords(c, h.Console, who, f)
}
