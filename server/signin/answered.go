package signin

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"nidan/kratos"
)

// onward is where a browser goes next, for the page that leads there.
type onward struct {
	Title string // name of the text
	To    string
	notices
	SinceUTC string
}

// answered tells the browser what came of a submission.
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

// refused is for a submission that Kratos was not handed, because it is out of bounds, or made nothing of.
func (h *Handler) refused(c echo.Context, status int) error {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		return h.tell(c, status, trouble{Name: notTaken})
	}
	h.Log.ErrorContext(c.Request().Context(), "kratos did not answer a form with where to go", "status", status)
	return h.tell(c, http.StatusBadGateway, trouble{Name: away})
}

// signedIn leads on from a sign-in, as the script does: to a second factor that is lacking, and once the person has seen what there is to
// tell. What cannot be told keeps nobody: the session is worth what it is.
func (h *Handler) signedIn(c echo.Context, begun *http.Request, to *url.URL) error {
	ctx := c.Request().Context()
	session, err := h.Kratos.Whoami(ctx, begun)
	if errors.Is(err, kratos.ErrAAL2Needed) {
		return h.lead(c, to, onward{Title: "working"}) // Kratos leads there
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

// lead leads the browser to an address that Kratos gave. Browsers take a redirect to another site for a part of sending the form, which
// the page's rules (form-action) forbid; so a page leads there, which holds a link as well. It waits where there is something to read.
func (h *Handler) lead(c echo.Context, to *url.URL, o onward) error {
	web := to.Scheme == "http" || to.Scheme == "https"
	if o.WrongCodes == 0 && (h.isOwn(to) || !web) {
		return c.Redirect(http.StatusSeeOther, to.String())
	}
	o.To = to.String()
	return h.pages.Render(c, http.StatusOK, "onward", o)
}

// isOwn says whether an address is one of this site.
func (h *Handler) isOwn(to *url.URL) bool { return to.Scheme+"://"+to.Host == h.Origin }
