package pages

import (
	"bytes"
	"encoding/json"

	"github.com/labstack/echo/v4"

	"nidan/records"
	"nidan/server/console"
	"nidan/server/session"
)

// record is a record as people read it.
type record struct {
	records.Record
	Pretty  string // its detail, indented
	Channel string // of a sign-in; empty: it is of none, or nothing was decided
	About   records.About
}

func recordsOf(all []records.Record) []record {
	shown := make([]record, len(all))
	for i, r := range all {
		var pretty bytes.Buffer
		if json.Indent(&pretty, r.Detail, "", "  ") != nil {
			pretty.Reset() // there is none
		}
		about := r.About()
		shown[i] = record{r, pretty.String(), about.Channel, about}
	}
	return shown
}

// export gives each record that the page's form asks for. What cannot be read is an error and not left out: more would be given than was
// asked for.
func (h *Handler) export(c echo.Context, who session.Visitor) error {
	f := h.readRecordForm(c.QueryParams())
	if len(f.Wrong) > 0 {
		return console.ErrInvalid
	}
	filter := f.filter
	filter.Rows = false
	return console.WriteRecords(c, h.Console, who, filter)
}
