package pages

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/brand"
	"nidan/challenge"
	"nidan/kratos"
	"nidan/policies"
	"nidan/server/console"
	"nidan/server/page"
	"nidan/server/session"
)

//go:embed templates texts assets
var files embed.FS

// Handler serves the pages. All exported fields are needed.
type Handler struct {
	Console  *console.Console
	Visitors *session.Visitors
	// LogoutURL returns the address at which a browser signs out.
	LogoutURL func(ctx context.Context, cookie string) (string, error)
	Origin    string // origin of these pages, as browsers reach them
	Brand     brand.Brand
	Texts     page.Texts     // see [Texts]
	TimeZone  *time.Location // time zone in which times are shown
	Log       *slog.Logger

	pages *page.Pages
}

// Texts returns the texts of these pages. A [Handler] also needs the texts of the frame.
func Texts() (page.Texts, error) { return page.LoadTexts(files) }

// Mount adds the pages to e. It returns an error if a template cannot be read.
func (h *Handler) Mount(e *echo.Echo) error {
	var err error
	if h.pages, err = page.New(files, h.Texts, h.Brand); err != nil {
		return err
	}
	e.StaticFS("/console/assets", echo.MustSubFS(files, "assets"))
	own, err := console.FromHereOnly(h.Origin)
	if err != nil {
		return err
	}
	g := e.Group("/console", page.Headers, own)
	for path, show := range map[string]view{
		"": h.overview, "/settings": h.settings, "/settings/edit": h.editSettings, "/accounts": h.accounts,
		"/accounts/:id": h.account, "/me": h.me, "/records": h.records, "/records/export": h.export,
		"/policies": h.policies, "/policies/difference": h.difference,
	} {
		g.GET(path, h.visited(show))
	}
	for path, do := range map[string]view{
		"/policies": h.answerPolicies, "/settings": h.saveSettings, "/accounts": h.saveAccounts, "/sign-out": h.signOut,
		"/accounts/:id/two-step": h.switchAccount, "/accounts/:id/devices": h.forgetDevices, "/accounts/:id/wrong-codes": h.clearWrongCodes,
		"/me/two-step": h.switchMe, "/me/devices": h.forgetDevices,
	} {
		g.POST(path, h.visited(do))
	}
	return nil
}

// view is a page for a visitor who is signed in.
type view func(c echo.Context, who session.Visitor) error

// visited finds out who the visitor is, and shows errors as text.
func (h *Handler) visited(v view) echo.HandlerFunc {
	return func(c echo.Context) error {
		who, err := h.Visitors.Of(c.Request().Context(), c.Request())
		if err == nil {
			err = v(c, who)
		}
		return h.explain(c, who, err)
	}
}

// explain shows an error. A visitor who has to sign in comes back to the requested page afterwards.
func (h *Handler) explain(c echo.Context, who session.Visitor, err error) error {
	var refusal *console.Refusal
	switch {
	case err == nil:
		return nil
	case errors.Is(err, session.ErrNobody):
		return h.signIn(c, url.Values{})
	case errors.Is(err, kratos.ErrAAL2Needed), errors.As(err, &refusal) && refusal.AAL2Needed(),
		errors.As(err, &refusal) && refusal.SignInAgain() && who.Allowed.StepUp["console"].ACR == "aal2":
		return h.signIn(c, url.Values{"aal": {"aal2"}})
	case errors.Is(err, kratos.ErrTwoProofs):
		return h.say(c, who, http.StatusBadRequest, "two_proofs")
	case errors.As(err, &refusal) && refusal.SignInAgain():
		return h.signIn(c, url.Values{"refresh": {"true"}})
	case errors.As(err, &refusal):
		return h.say(c, who, http.StatusForbidden, "refused_"+refusal.Reason)
	case errors.Is(err, kratos.ErrGone), errors.Is(err, challenge.ErrNotFound):
		return h.say(c, who, http.StatusNotFound, "not_found")
	case errors.Is(err, console.ErrInvalid):
		return h.say(c, who, http.StatusBadRequest, "not_valid")
	case errors.Is(err, kratos.ErrSlow):
		return h.say(c, who, http.StatusServiceUnavailable, "too_slow")
	}
	h.Log.ErrorContext(c.Request().Context(), "a page of the console could not be shown", "path", c.Path(), "err", err)
	return h.say(c, who, http.StatusServiceUnavailable, "unavailable")
}

// signIn sends a browser to the sign-in page and back. The query is for a visitor who is signed in already: without refresh or aal,
// Kratos would send the browser back at once.
func (h *Handler) signIn(c echo.Context, query url.Values) error {
	to := h.Origin + "/console"
	if c.Request().Method == http.MethodGet {
		to = h.Origin + c.Request().URL.RequestURI()
	}
	query.Set("return_to", to)
	if query.Has("aal") { // the sign-in page has no parameter aal, so begin a flow in Kratos
		return c.Redirect(http.StatusSeeOther, h.Origin+"/self-service/login/browser?"+query.Encode())
	}
	return c.Redirect(http.StatusSeeOther, "/login?"+query.Encode())
}

func (h *Handler) signOut(c echo.Context, _ session.Visitor) error {
	to, err := h.LogoutURL(c.Request().Context(), c.Request().Header.Get("Cookie"))
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// start sends a visitor who may not see the overview to the first page that they may see.
func (h *Handler) start(c echo.Context, who session.Visitor) error {
	err := h.Console.May(c.Request().Context(), who, policies.ViewSettings, nil)
	var refusal *console.Refusal
	switch {
	case err == nil:
		return c.Redirect(http.StatusSeeOther, "/console/settings")
	case errors.As(err, &refusal) && !refusal.SignInAgain():
		return c.Redirect(http.StatusSeeOther, "/console/me")
	}
	return err
}
