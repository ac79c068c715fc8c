package hooks

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// DoctorHeader marks a call of nidan doctor. The command makes the call in place of Kratos, to test the URL and the token in Kratos'
// configuration. The response has the header, too, with the time of this process (RFC 3339).
const DoctorHeader = "Nidan-Doctor"

// answerDoctor answers a call of nidan doctor without reading its body: nothing is decided, recorded or mailed. The answer is a refusal. So
// nobody is let in even if a call of Kratos had the header.
func (h *Handler) answerDoctor(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, asked := c.Request().Header[DoctorHeader]; !asked {
			return next(c)
		}
		c.Response().Header().Set(DoctorHeader, h.Now().UTC().Format(time.RFC3339Nano))
		return h.unavailable(call{locale: Locale("", http.Header{}, "")}, "a call of nidan doctor").write(c)
	}
}
