package signin

import (
	"context"
	"embed"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/brand"
	"nidan/challenge"
	"nidan/exchange"
	"nidan/kratos"
	"nidan/server/page"
)

//go:embed templates assets texts
var files embed.FS

// Handler serves the pages. All exported fields but Mail are needed.
type Handler struct {
	Kratos   *kratos.Frontend
	Identity kratos.Pointers
	// Remembered says whether the device with this token is remembered for any account (challenge.HashDeviceToken).
	Remembered func(ctx context.Context, tokenHash []byte) (bool, error)
	// SignIn is the method of exchange.SignIns.
	SignIn func(ctx context.Context, account string, authenticatedAt time.Time) (*exchange.SignIn, error)
	// HandOn passes a request on to Kratos' public API, like a request that a client sends there (server.PassThrough).
	HandOn echo.HandlerFunc
	// FromHere refuses requests that another site makes a browser send (console.FromHereOnly).
	FromHere echo.MiddlewareFunc
	// Lacking is the method of session.Handler.
	Lacking func(ctx context.Context, r *http.Request, returnTo string) (string, error)
	Keys    *challenge.Keyring // encrypt the input of the first step
	Now     func() time.Time

	Origin string // origin of these pages, as browsers reach them
	HTTPS  bool   // browsers reach the pages over HTTPS
	Brand  brand.Brand
	Texts  page.Texts // see [Texts]
	Mail   string     // address of the mail page of a demonstration; empty: none
	Rand   io.Reader
	Log    *slog.Logger

	pages *page.Pages
}

// Texts returns the texts of these pages. A [Handler] also needs the texts of the frame and of the states (hooks.Sentences).
func Texts() (page.Texts, error) { return page.LoadTexts(files) }

// Mount adds the pages to e. It returns an error if a template cannot be read.
func (h *Handler) Mount(e *echo.Echo) error {
	var err error
	if h.pages, err = page.New(files, h.Texts, h.Brand); err != nil {
		return err
	}
	e.GET("/login", h.login, page.Headers)
	e.POST("/login", h.submit, page.Headers, h.FromHere)
	e.GET("/error", h.error, page.Headers)
	e.GET("/", h.home, page.Headers)
	e.GET(secondFactorPath, h.secondFactor, page.Headers)
	e.GET("/notices", h.notices)
	// Pages on other origins may load the script and its texts, because these contain nothing secret.
	assets := e.Group("/assets", anyOrigin)
	assets.StaticFS("/", echo.MustSubFS(files, "assets"))
	assets.GET("/texts/:file", h.sentences)
	return nil
}

// startNew returns the address at which a flow begins. With refresh, Kratos asks for the password even if a person is signed in.
func startNew(returnTo string, refresh bool) string {
	query := url.Values{}
	if returnTo != "" {
		query.Set("return_to", returnTo)
	}
	if refresh {
		query.Set("refresh", "true")
	}
	to := url.URL{Path: "/self-service/login/browser", RawQuery: query.Encode()}
	return to.String()
}

func (h *Handler) home(c echo.Context) error {
	ctx, cookie := c.Request().Context(), c.Request().Header.Get("Cookie")
	session, err := h.Kratos.Whoami(ctx, c.Request())
	switch {
	case errors.Is(err, kratos.ErrGone), errors.Is(err, kratos.ErrAAL2Needed):
		return c.Redirect(http.StatusSeeOther, "/login")
	case errors.Is(err, kratos.ErrTwoProofs):
		return h.pages.Render(c, http.StatusBadRequest, "two_proofs", nil)
	}
	var who kratos.Person
	var logout string
	var told notices
	if err == nil {
		told, err = h.told(ctx, session)
	}
	if err == nil {
		who, err = h.Identity.Read(session.Identity)
	}
	if err == nil {
		logout, err = h.Kratos.LogoutURL(ctx, cookie)
	}
	if err != nil {
		h.Log.ErrorContext(ctx, "who is signed in could not be shown", "err", err)
		return h.tell(c, http.StatusBadGateway, trouble{Name: away})
	}
	return h.pages.Render(c, http.StatusOK, "home", struct {
		Name, Logout string
		notices
		SinceUTC string
	}{who.Account, logout, told, utc(told.Since)})
}

// utc formats a time for people whose time zone is not known.
func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
