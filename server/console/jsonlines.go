package console

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/journal"
	"nidan/server/session"
)

// RecordJSON is a record as programs read it.
type RecordJSON = journal.Line

// JSONOf is r for programs.
func JSONOf(r challenge.Record) RecordJSON { return journal.LineOf(r, nil) }

// WriteRecords answers with every record that the filter asks for, one JSON object a line (application/x-ndjson), as they are
// found. With the parameter proof=1, further lines prove that they are as they were sealed, for nidan records verify. An error after the
// first line breaks the connection off: half an export must not pass for a whole one.
func WriteRecords(c echo.Context, console *Console, who session.Visitor, f challenge.RecordFilter) error {
	ctx, w := c.Request().Context(), c.Response()
	proof := c.QueryParam("proof") == "1"
	to := journal.NewExport(w)
	begin := func() {
		if w.Committed {
			return
		}
		w.Header().Set(echo.HeaderContentType, "application/x-ndjson")
		w.Header().Set(echo.HeaderContentDisposition, `attachment; filename="nidan-records.jsonl"`)
		w.WriteHeader(http.StatusOK)
	}
	err := console.Export(ctx, who, f, func(r challenge.Record, l *journal.Leaf) error {
		begin()
		if !proof {
			l = nil
		}
		return to.Record(r, l)
	})
	if err == nil {
		begin()
		if proof {
			err = to.End(ctx, console.Store)
		}
	}
	if err != nil && w.Committed {
		console.Log.ErrorContext(ctx, "an export broke off", "err", err)
		panic(http.ErrAbortHandler)
	}
	return err
}
