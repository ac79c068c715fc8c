package pages

import (
	"bytes"
	"encoding/json"

	"github.com/labstack/echo/v4"

	"nidan/records"
	"nidan/server/console"
	"nidan/server/session"
)

type record struct {
	records.Record
	Pretty  string // its detail, indented
	Channel string // channel of a sign-in; empty: the record is not of a sign-in, or nothing was decided
	About   records.About
}

func recordsOf(all []records.Record) []record {
	shown := make([]record, len(all))
	for i, r := range all {
		var pretty bytes.Buffer
		if json.Indent(&pretty, r.Detail, "", "  ") != nil {
			pretty.Reset() // there is no detail
		}
		about := r.About()
		shown[i] = record{r, pretty.String(), about.Channel, about}
	}
	return shown
}

// export writes each record that matches the page's form. An invalid field is an error. If it were ignored, the export would contain
// more than the visitor has asked for.
func (h *Handler) export(c echo.Context, who session.Visitor) error {
	f := h.readRecordForm(c.QueryParams())
	if len(f.Wrong) > 0 {
		return console.ErrInvalid
	}
	filter := f.filter
	filter.Rows = false
	return console.WriteRecords(c, h.Console, who, filter)
}
