package server

import (
	"crypto/rand"
	"log/slog"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"nidan/logs"
)

// flowID is how Kratos writes the id of a flow. What else a client writes in its place does not get into the log.
var flowID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// named gives each request an id, which stands on each line that is logged for it, and in the answer, for whoever reports a trouble. An id
// that the request brings is not taken: a client could pass off its requests as parts of somebody else's.
//
// The pages and Kratos' API say in the query which flow a request is about; that stands on the lines, too.
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
