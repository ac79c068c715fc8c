package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// Health answers monitoring requests. GET /healthz says whether the process lives. GET /readyz says whether it can do its work, with
// a few lines about the policies that decide. Neither answer says what is wrong with the database; the log has the cause.
type Health struct {
	Ready    func(context.Context) error
	Stopping func() bool // true: the program still answers all requests, but will stop soon
	Detail   func() string
	Log      *slog.Logger
}

// Mount puts the routes on e.
func (h *Health) Mount(e *echo.Echo) {
	e.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "alive\n") })
	e.GET("/readyz", h.ready)
}

func (h *Health) ready(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 3*time.Second)
	defer cancel()
	if h.Stopping() {
		return c.String(http.StatusServiceUnavailable, "stopping\n"+h.Detail())
	}
	if err := h.Ready(ctx); err != nil {
		h.Log.WarnContext(ctx, "not ready", "err", err)
		return c.String(http.StatusServiceUnavailable, "not ready\n"+h.Detail())
	}
	return c.String(http.StatusOK, "ready\n"+h.Detail())
}
