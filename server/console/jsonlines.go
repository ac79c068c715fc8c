package console

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/server/session"
)

// RecordJSON is a record as programs read it.
type RecordJSON struct {
	ID        int64           `json:"id"`
	At        time.Time       `json:"at"`
	Kind      string          `json:"kind"`
	AccountID string          `json:"account_id"`
	Account   string          `json:"account"`
	By        string          `json:"by"`
	Flow      string          `json:"flow"`
	Challenge string          `json:"challenge"`
	State     string          `json:"state"`
	Reason    string          `json:"reason"`
	Revision  string          `json:"revision"`
	Detail    json.RawMessage `json:"detail"`
	Channel   string          `json:"channel"`
	IP        string          `json:"ip"`
}

// JSONOf is r for programs.
func JSONOf(r challenge.Record) RecordJSON {
	detail := json.RawMessage("null")
	if len(r.Detail) > 0 {
		detail = r.Detail
	}
	about := r.About()
	return RecordJSON{
		Channel: about.Channel, IP: about.IP,
		ID: r.ID, At: r.At, Kind: r.Kind, AccountID: r.Account, Account: r.Name, By: r.By, Flow: r.Flow, Challenge: r.Challenge,
		State: r.State, Reason: r.Reason, Revision: r.Revision, Detail: detail,
	}
}

// Format is how records are exported.
type Format string

// The formats of exports.
const (
	JSONLines Format = ""    // one JSON object a line
	CSV       Format = "csv" // for spreadsheets
)

// writer writes records in a format.
type writer struct {
	kind, file string // its media type, and what the file is called
	begin      func() error
	write      func(challenge.Record) error
}

func writerOf(f Format, w io.Writer) (writer, error) {
	switch f {
	case JSONLines:
		enc := json.NewEncoder(w)
		return writer{
			"application/x-ndjson", "nidan-records.jsonl", func() error { return nil }, func(r challenge.Record) error { return enc.Encode(JSONOf(r)) },
		}, nil
	case CSV:
		table := newTable(w)
		return writer{"text/csv; charset=utf-8", "nidan-records.csv", table.begin, table.write}, nil
	}
	return writer{}, fmt.Errorf("%w: there is no such format", ErrInvalid)
}

// WriteRecords answers with every record that the filter asks for, one a line, as they are found. An error after the first line breaks the
// connection off: half an export must not pass for a whole one.
func WriteRecords(c echo.Context, console *Console, who session.Visitor, f challenge.RecordFilter, as Format) error {
	w := c.Response()
	out, err := writerOf(as, w)
	if err != nil {
		return err
	}
	begin := func() error {
		w.Header().Set(echo.HeaderContentType, out.kind)
		w.Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+out.file+`"`)
		w.WriteHeader(http.StatusOK)
		return out.begin()
	}
	err = console.Export(c.Request().Context(), who, f, func(r challenge.Record) (err error) {
		if !w.Committed {
			err = begin()
		}
		if err == nil {
			err = out.write(r)
		}
		if err != nil {
			return fmt.Errorf("write a record: %w", err)
		}
		return nil
	})
	if err == nil && !w.Committed {
		err = begin()
	}
	if err != nil && w.Committed {
		console.Log.ErrorContext(c.Request().Context(), "an export broke off", "err", err)
		panic(http.ErrAbortHandler)
	}
	return err
}
