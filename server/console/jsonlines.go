package console

import (
	"encoding/json"
	"fmt"
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
}

// JSONOf is r for programs.
func JSONOf(r challenge.Record) RecordJSON {
	detail := json.RawMessage("null")
	if len(r.Detail) > 0 {
		detail = r.Detail
	}
	return RecordJSON{
		ID: r.ID, At: r.At, Kind: r.Kind, AccountID: r.Account, Account: r.Name, By: r.By, Flow: r.Flow, Challenge: r.Challenge,
		State: r.State, Reason: r.Reason, Revision: r.Revision, Detail: detail,
	}
}

// WriteRecords answers with every record that the filter asks for, one JSON object a line (application/x-ndjson), as they are
// found. An error after the first line breaks the connection off: half an export must not pass for a whole one.
func WriteRecords(c echo.Context, console *Console, who session.Visitor, f challenge.RecordFilter) error {
	w := c.Response()
	enc := json.NewEncoder(w)
	begin := func() {
		w.Header().Set(echo.HeaderContentType, "application/x-ndjson")
		w.Header().Set(echo.HeaderContentDisposition, `attachment; filename="nidan-records.jsonl"`)
		w.WriteHeader(http.StatusOK)
	}
	err := console.Export(c.Request().Context(), who, f, func(r challenge.Record) error {
		if !w.Committed {
			begin()
		}
		if err := enc.Encode(JSONOf(r)); err != nil {
			return fmt.Errorf("write a record: %w", err)
		}
		return nil
	})
	switch {
	case err != nil && w.Committed:
		console.Log.ErrorContext(c.Request().Context(), "an export broke off", "err", err)
		panic(http.ErrAbortHandler)
	case err != nil:
		return err
	case !w.Committed:
		begin()
	}
	return nil
}
