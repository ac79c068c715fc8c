package server

import (
	"crypto/rand"
	"log/slog"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"nidan/logs"
)

// flowID matches the format of Kratos' flow IDs. A client can write anything in place of the ID; other texts do not get into the log.
var flowID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// named gives each request an ID. The ID is in each log line of the request, and in the answer, so that a person can name it when
// reporting a problem. An ID in the request is ignored, because a client could use it to make its requests look like parts of another
// client's request.
//
// The pages and Kratos' API have the flow's ID in the query. The log lines contain this ID too.
func named(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := rand.Text()
		ctx := logs.With(c.Request().Context(), slog.String("request_id", id))
		if strings.Contains(c.Request().URL.RawQuery, "flow=") {
			if flow := c.QueryParam("flow"); flowID.MatchString(flow) {
				ctx = logs.With(ctx, slog.String("flow", flow))
			}
		}
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		c.SetRequest(c.Request().WithContext(ctx))
		return next(c)
	}
}
