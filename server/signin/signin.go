package signin

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"nidan/kratos"
)

//go:embed templates assets
var files embed.FS

// Handler serves the pages. All fields but the unexported ones are needed.
type Handler struct {
	Kratos       *kratos.Frontend
	Identity     kratos.Pointers
	DeviceCookie string // see hooks.DeviceCookie
	HTTPS        bool   // browsers reach the pages over HTTPS
	Brand        string
	Rand         io.Reader
	Log          *slog.Logger

	texts map[string]map[string]string
	pages map[string]*template.Template
}

// Mount puts the pages on e. It fails where a text or a template is missing.
func (h *Handler) Mount(e *echo.Echo) error {
	var err error
	if h.texts, err = loadTexts(); err != nil {
		return err
	}
	h.pages = make(map[string]*template.Template)
	for _, name := range []string{"login", "error", "home"} {
		t, err := template.ParseFS(files, "templates/base.html", "templates/"+name+".html")
		if err != nil {
			return fmt.Errorf("read the page %s: %w", name, err)
		}
		h.pages[name] = t
	}
	e.GET("/login", h.login, headers)
	e.GET("/error", h.error, headers)
	e.GET("/", h.home, headers)
	e.StaticFS("/assets", echo.MustSubFS(files, "assets"))
	return nil
}

// headers let a page load and send nothing but what is its own, and be kept by nobody.
func headers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("Content-Security-Policy",
			"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "+
				"base-uri 'none'; frame-ancestors 'none'")
		c.Response().Header().Set("Cache-Control", "no-store")
		return next(c)
	}
}

// page is what every page is made of.
type page struct {
	Locale  string
	Locales []string
	Brand   string
	All     map[string]map[string]string // every text of every language
	Data    any
}

// Text is a text in the page's language.
func (p page) Text(name string) string { return p.All[p.Locale][name] }

func (h *Handler) render(c echo.Context, status int, name string, data any) error {
	c.Response().Header().Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	c.Response().WriteHeader(status)
	p := page{Locale: localeOf(c.Request()), Locales: locales, Brand: h.Brand, All: h.texts, Data: data}
	if err := h.pages[name].ExecuteTemplate(c.Response(), "base.html", p); err != nil {
		return fmt.Errorf("write the page %s: %w", name, err)
	}
	return nil
}

// script is what the page's script is told.
type script struct {
	Flow     kratos.LoginFlow             `json:"flow"`
	Locale   string                       `json:"locale"`
	Texts    map[string]map[string]string `json:"texts"`
	Cookie   string                       `json:"locale_cookie"`
	StartNew string                       `json:"start_new"` // where to begin a new flow
}

// login shows a flow. Without one, or with one that has expired or is another browser's, it begins a new one: a person who
// comes back to an old page meets a sign-in and not an error.
func (h *Handler) login(c echo.Context) error {
	id := c.QueryParam("flow")
	if id == "" {
		return c.Redirect(http.StatusSeeOther, startNew(c.QueryParam("return_to")))
	}
	flow, err := h.Kratos.LoginFlow(c.Request().Context(), id, c.Request().Header.Get("Cookie"))
	if errors.Is(err, kratos.ErrGone) {
		return c.Redirect(http.StatusSeeOther, startNew(""))
	}
	if err != nil {
		h.Log.ErrorContext(c.Request().Context(), "a sign-in page could not be shown", "err", err)
		return h.render(c, http.StatusBadGateway, "error", "")
	}
	if err := h.knowAgain(c); err != nil {
		return err
	}
	return h.render(c, http.StatusOK, "login", script{
		Flow: flow, Locale: localeOf(c.Request()), Texts: h.texts, Cookie: localeCookie, StartNew: startNew(flow.ReturnTo),
	})
}

func startNew(returnTo string) string {
	const path = "/self-service/login/browser"
	if returnTo == "" {
		return path
	}
	return path + "?" + url.Values{"return_to": {returnTo}}.Encode()
}

// error shows a number only: what Kratos says of its errors is for those who read its log.
func (h *Handler) error(c echo.Context) error {
	return h.render(c, http.StatusOK, "error", c.QueryParam("id"))
}

// home says who is signed in.
func (h *Handler) home(c echo.Context) error {
	ctx, cookie := c.Request().Context(), c.Request().Header.Get("Cookie")
	session, err := h.Kratos.Whoami(ctx, kratos.CredentialsOf(c.Request()))
	if errors.Is(err, kratos.ErrGone) {
		return c.Redirect(http.StatusSeeOther, "/login")
	}
	var who kratos.Person
	var logout string
	if err == nil {
		who, err = h.Identity.Read(session.Identity)
	}
	if err == nil {
		logout, err = h.Kratos.LogoutURL(ctx, cookie)
	}
	if err != nil {
		h.Log.ErrorContext(ctx, "who is signed in could not be shown", "err", err)
		return h.render(c, http.StatusBadGateway, "error", "")
	}
	return h.render(c, http.StatusOK, "home", struct{ Name, Logout string }{who.Account, logout})
}
