package signin

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"nidan/kratos"
)

// onward is the address where the browser goes next, for the page that leads there.
type onward struct {
	Title string // name of the title's text
	To    string
	notices
	SinceUTC string
}

// answered answers a submission, after Kratos has answered it.
func (h *Handler) answered(c echo.Context, a *answer, flow string, t typed, keep bool) error {
	if a.status < 300 || a.status >= 400 {
		return h.refused(c, a.status)
	}
	origin, err := url.Parse(h.Origin)
	if err != nil {
		return fmt.Errorf("read the pages' origin: %w", err)
	}
	to, err := origin.Parse(a.header.Get("Location"))
	if err != nil {
		return fmt.Errorf("read where Kratos leads: %w", err)
	}
	for _, cookie := range a.header.Values("Set-Cookie") {
		c.Response().Header().Add("Set-Cookie", cookie)
	}
	begun := h.Kratos.Begun(a.header)
	back := to.Path == "/login" && to.Query().Get("flow") == flow
	if keep && begun == nil && (back || t.Provider != "") {
		err = h.keep(c, flow, t)
	} else {
		h.forget(c)
	}
	if err != nil {
		return err
	}
	if begun != nil {
		return h.signedIn(c, begun, to)
	}
	return h.lead(c, to, onward{Title: "working"})
}

// refused answers a submission that was not passed on to Kratos because it is out of bounds, or that Kratos could not use.
func (h *Handler) refused(c echo.Context, status int) error {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		return h.tell(c, status, trouble{Name: notTaken})
	}
	h.Log.ErrorContext(c.Request().Context(), "kratos did not answer a form with where to go", "status", status)
	return h.tell(c, http.StatusBadGateway, trouble{Name: away})
}

// signedIn leads on after a sign-in, as the script does: to a second factor that the session lacks, or to a page with notices if
// there are some. If it cannot find out whether there are any, it leads on all the same: the policies still decide what the session
// may do.
func (h *Handler) signedIn(c echo.Context, begun *http.Request, to *url.URL) error {
	ctx := c.Request().Context()
	session, err := h.Kratos.Whoami(ctx, begun)
	if errors.Is(err, kratos.ErrAAL2Needed) {
		return h.lead(c, to, onward{Title: "working"}) // Kratos leads to the second factor
	}
	o := onward{Title: "signed_in"}
	if err == nil {
		o.notices, err = h.told(ctx, session)
	}
	var lacking string
	if err == nil {
		lacking, err = h.Lacking(ctx, begun, to.String())
	}
	if err != nil {
		h.Log.ErrorContext(ctx, "what there is to tell after a sign-in cannot be told", "err", err)
	}
	if lacking != "" {
		return c.Redirect(http.StatusSeeOther, lacking)
	}
	o.SinceUTC = utc(o.Since)
	return h.lead(c, to, o)
}

// lead sends the browser to an address that Kratos gave. For browsers, a redirect after a form is a part of sending the form, and the
// page's rules (form-action) forbid to send it to another site. So lead answers with a page that leads on by itself and has a link.
// If there is something to read, the page has only the link.
func (h *Handler) lead(c echo.Context, to *url.URL, o onward) error {
	web := to.Scheme == "http" || to.Scheme == "https"
	if o.WrongCodes == 0 && (h.isOwn(to) || !web) {
		return c.Redirect(http.StatusSeeOther, to.String())
	}
	o.To = to.String()
	return h.pages.Render(c, http.StatusOK, "onward", o)
}

func (h *Handler) isOwn(to *url.URL) bool { return to.Scheme+"://"+to.Host == h.Origin }
