package signin

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"nidan/kratos"
	"nidan/server/page"
)

// loginPage is what the template of the page is told.
type loginPage struct {
	Script   script
	Methods  []method
	Password bool // whether the password is among them
}

// script is what the page's script is told.
type script struct {
	Flow     kratos.LoginFlow `json:"flow"`
	Locale   string           `json:"locale"`
	Cookie   string           `json:"locale_cookie"`
	StartNew string           `json:"start_new"` // where to begin a new flow
	Mail     string           `json:"mail"`      // where a demonstration shows the mail
	// Identifier is as it was last submitted, for methods that ask for one and show no field.
	Identifier string `json:"identifier"`
}

// method is one of the flow's, with the labels of its fields in the page's language.
type method struct {
	Name  string
	Nodes []node
}

type node struct {
	kratos.Node
	Text     string
	Key      string // of the text; empty: Kratos' own
	Provider string // what the text mentions
}

// login shows a flow. Without one, or with one that has expired or is another browser's, it begins a new one: a person who
// comes back to an old page meets a sign-in and not an error.
func (h *Handler) login(c echo.Context) error {
	id := c.QueryParam("flow")
	if id == "" {
		return c.Redirect(http.StatusSeeOther, startNew(c.QueryParam("return_to"), c.QueryParam("refresh") == "true"))
	}
	flow, err := h.Kratos.LoginFlow(c.Request().Context(), id, c.Request().Header.Get("Cookie"))
	if errors.Is(err, kratos.ErrGone) {
		return c.Redirect(http.StatusSeeOther, startNew("", false))
	}
	if err != nil {
		h.Log.ErrorContext(c.Request().Context(), "a sign-in page could not be shown", "err", err)
		return h.tell(c, http.StatusBadGateway, trouble{Name: away})
	}
	if err := h.knowAgain(c); err != nil {
		return err
	}
	locale := page.LocaleOf(c.Request())
	p := loginPage{
		Script: script{
			Flow: flow, Locale: locale, Cookie: page.LocaleCookie, StartNew: startNew(flow.ReturnTo, flow.Refresh), Mail: h.Mail,
			Identifier: flow.Identifier,
		},
	}
	for _, m := range flow.Methods {
		p.Password = p.Password || m.Name == "password"
		p.Methods = append(p.Methods, h.method(m, locale))
	}
	return h.pages.Render(c, http.StatusOK, "login", p)
}

func (h *Handler) method(m kratos.Method, locale string) method {
	shown := method{Name: m.Name}
	for _, n := range m.Nodes {
		v := node{Node: n, Text: n.Label.Text}
		v.Provider, _ = n.Label.Context["provider"].(string)
		if key := fmt.Sprintf("kratos_%d", n.Label.ID); h.Texts[locale][key] != "" {
			v.Key, v.Text = key, strings.ReplaceAll(h.Texts[locale][key], "{{.Provider}}", v.Provider)
		}
		shown.Nodes = append(shown.Nodes, v)
	}
	return shown
}

// sentences are the texts of a language, for the module.
func (h *Handler) sentences(c echo.Context) error {
	texts, ok := h.Texts[strings.TrimSuffix(c.Param("file"), ".json")]
	if !ok {
		return echo.ErrNotFound
	}
	return c.JSON(http.StatusOK, texts)
}

func anyOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderAccessControlAllowOrigin, "*")
		return next(c)
	}
}
