package console

import (
	"context"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"nidan/journal"
	"nidan/records"
	"nidan/server/session"
)

// RecordJSON is a record as JSON for programs.
type RecordJSON struct {
	journal.Line
	Channel string `json:"channel"` // channel of the sign-in; empty: not known, or the record is not of a sign-in
	IP      string `json:"ip"`      // address that the policies got; empty: not known, or masked
}

// JSONOf returns a record as JSON for programs.
func JSONOf(r records.Record) RecordJSON {
	about := r.About()
	return RecordJSON{journal.LineOf(r, nil), about.Channel, about.IP}
}

// Format is a format of exported records.
type Format string

// The formats of exports.
const (
	JSONLines Format = ""    // one JSON object per line
	CSV       Format = "csv" // for spreadsheet programs
)

type writer struct {
	kind, file string // media type, and name of the file
	begin      func() error
	write      func(records.Record, *journal.Leaf) error
	end        func(context.Context) error
}

// writerOf returns the writer of a format. With proof, JSON Lines end with lines that prove that no record was changed since it was
// sealed (nidan records verify).
func writerOf(f Format, proof bool, w *echo.Response, from Store) (writer, error) {
	none := func() error { return nil }
	noEnd := func(context.Context) error { return nil }
	switch lines := journal.NewExport(w); f {
	case JSONLines:
		out := writer{"application/x-ndjson", "nidan-records.jsonl", none, lines.Record, noEnd}
		if proof {
			out.end = func(ctx context.Context) error { return lines.End(ctx, from) }
		} else {
			out.write = func(r records.Record, _ *journal.Leaf) error { return lines.Record(r, nil) }
		}
		return out, nil
	case CSV:
		table := NewTable(w)
		write := func(r records.Record, _ *journal.Leaf) error { return table.Write(r) }
		return writer{"text/csv; charset=utf-8", "nidan-records.csv", table.Begin, write, noEnd}, nil
	}
	return writer{}, fmt.Errorf("%w: there is no such format", ErrInvalid)
}

// WriteRecords answers with all records that match the filter, one per line, while they are being read. The query parameters are
// "format" ([Format]) and "proof". An error after the first line closes the connection, because half an export must not look
// complete.
func WriteRecords(c echo.Context, console *Console, who session.Visitor, f records.Filter) error {
	ctx, w := c.Request().Context(), c.Response()
	out, err := writerOf(Format(c.QueryParam("format")), c.QueryParam("proof") == "1", w, console.Store)
	if err != nil {
		return err
	}
	begin := func() error {
		if w.Committed {
			return nil
		}
		w.Header().Set(echo.HeaderContentType, out.kind)
		w.Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+out.file+`"`)
		w.WriteHeader(http.StatusOK)
		return out.begin()
	}
	err = console.Export(ctx, who, f, func(r records.Record, l *journal.Leaf) error {
		err := begin()
		if err == nil {
			err = out.write(r, l)
		}
		if err != nil {
			return fmt.Errorf("write a record: %w", err)
		}
		return nil
	})
	if err == nil {
		err = begin()
	}
	if err == nil {
		err = out.end(ctx)
	}
	if err != nil && w.Committed {
		console.Log.ErrorContext(ctx, "an export broke off", "err", err)
		panic(http.ErrAbortHandler)
	}
	return err
}
