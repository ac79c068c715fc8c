package api

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/records"
	"nidan/server/console"
	"nidan/server/session"
)

func recordsOf(all []records.Record) []console.RecordJSON {
	shown := []console.RecordJSON{}
	for _, r := range all {
		shown = append(shown, console.JSONOf(r))
	}
	return shown
}

func recordFilter(c echo.Context) (records.Filter, error) {
	f := records.Filter{
		Account: c.QueryParam("account"), Kind: c.QueryParam("kind"), Reason: c.QueryParam("reason"), Channel: c.QueryParam("channel"),
		Flow: c.QueryParam("flow"), States: c.QueryParams()["state"],
	}
	for name, into := range map[string]*time.Time{"from": &f.From, "to": &f.To} {
		given := c.QueryParam(name)
		if given == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, given)
		if err != nil {
			return f, fmt.Errorf("%w: %s is not a time (RFC 3339)", console.ErrInvalid, name)
		}
		*into = at
	}
	if given := c.QueryParam("before"); given != "" {
		before, err := strconv.ParseInt(given, 10, 64)
		if err != nil {
			return f, fmt.Errorf("%w: before is not a number", console.ErrInvalid)
		}
		f.Before = before
	}
	return f, nil
}

func (h *Handler) records(c echo.Context, who session.Visitor) error {
	f, err := recordFilter(c)
	if err != nil {
		return err
	}
	page, err := h.Console.Records(c.Request().Context(), who, f)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		Records []console.RecordJSON `json:"records"`
		Next    int64                `json:"next"`
	}{recordsOf(page.Records), page.Next})
}

func (h *Handler) export(c echo.Context, who session.Visitor) error {
	f, err := recordFilter(c)
	if err != nil {
		return err
	}
	return console.WriteRecords(c, h.Console, who, f)
}
