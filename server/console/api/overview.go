package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/records"
	"nidan/server/console"
	"nidan/server/session"
)

type overviewJSON struct {
	Period   console.Period           `json:"period"`
	From     time.Time                `json:"from"`
	To       time.Time                `json:"to"`
	Whole    bool                     `json:"whole"`
	Results  map[records.Result]int64 `json:"results"`
	Channels map[string]int64         `json:"channels"`
	States   map[string]int64         `json:"states"`
	Kinds    map[string]int64         `json:"kinds"`
	Bars     []barJSON                `json:"bars"`
	Reasons  []reasonJSON             `json:"reasons"`
	Changes  []console.RecordJSON     `json:"changes"`
}

type barJSON struct {
	From     time.Time                `json:"from"`
	To       time.Time                `json:"to"`
	Results  map[records.Result]int64 `json:"results"`
	Channels map[string]int64         `json:"channels"`
}

type reasonJSON struct {
	Result  records.Result `json:"result"`
	Reason  string         `json:"reason"`
	SignIns int64          `json:"sign_ins"`
}

func (h *Handler) overview(c echo.Context, who session.Visitor) error {
	period, err := console.ReadPeriod(c.QueryParam("period"))
	if err != nil {
		return err
	}
	o, err := h.Console.Overview(c.Request().Context(), who, period)
	if err != nil {
		return err
	}
	shown := overviewJSON{
		Period: o.Period, From: o.From, To: o.To, Whole: o.Whole, Results: o.Results, Channels: o.Channels, States: o.States, Kinds: o.Kinds,
		Reasons: []reasonJSON{}, Changes: recordsOf(o.Changes),
	}
	for _, b := range o.Bars {
		shown.Bars = append(shown.Bars, barJSON{b.From, b.To, b.Results, b.Channels})
	}
	for _, r := range o.Reasons {
		shown.Reasons = append(shown.Reasons, reasonJSON(r))
	}
	return c.JSON(http.StatusOK, shown)
}
