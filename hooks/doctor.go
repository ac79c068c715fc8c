package hooks

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// DoctorHeader marks a call that nidan doctor makes in the place of Kratos, to find out whether the address and the token in Kratos'
// configuration lead here. The answer has it too, with the time of this process (RFC 3339).
const DoctorHeader = "Nidan-Doctor"

// answerDoctor answers a call of nidan doctor's before any of it is read: nothing is decided, recorded or mailed. The answer is a refusal
// like any other, so that nobody is let in by it should the header ever stand in a call of Kratos'.
func (h *Handler) answerDoctor(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, asked := c.Request().Header[DoctorHeader]; !asked {
			return next(c)
		}
		c.Response().Header().Set(DoctorHeader, h.Now().UTC().Format(time.RFC3339Nano))
		return h.unavailable(call{locale: Locale("", http.Header{}, "")}, "a call of nidan doctor").write(c)
	}
}
