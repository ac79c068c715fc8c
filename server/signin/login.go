package signin

import (
	"errors"
	"fmt"
	"html/template"
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
	Password bool   // whether the password is among them
	Second   bool   // the password was right: what is shown are second factors
	SignOut  string // where to give up a sign-in that lacks its second factor
	Plain    plain  // what is shown where no script runs
}

// script is what the page's script is told.
type script struct {
	Flow     kratos.LoginFlow `json:"flow"`
	Locale   string           `json:"locale"`
	Cookie   string           `json:"locale_cookie"`
	StartNew string           `json:"start_new"` // where to begin a new flow
	Mail     string           `json:"mail"`      // where a demonstration shows the mail
	Second   bool             `json:"second"`    // second factors are asked for, and no password
	// Identifier is as it was last submitted, for methods that ask for one and show no field.
	Identifier string `json:"identifier"`
}

// method is one of the flow's, with the labels of its fields in the page's language.
type method struct {
	Name  string
	Nodes []node
}

// NeedsScript says whether a method works with a script alone: browsers ask for keys in no other way.
func (m method) NeedsScript() bool { return m.Name == "passkey" || m.Name == "webauthn" }

// NeedsAccount says whether a method asks for an account, for which it has no field of its own.
func (m method) NeedsAccount() bool { return m.Name == "code" }

type node struct {
	kratos.Node
	Text     string
	Key      string // of the text; empty: Kratos' own
	Provider string // what the text mentions
	Device   string // the same
	Said     []said // what Kratos says at this field
}

// Image is an image that Kratos put into its answer. What is none is left out.
func (n node) Image() template.URL {
	if !strings.HasPrefix(n.Src, "data:image/png;base64,") {
		return ""
	}
	return template.URL(n.Src)
}

// IsCode says whether a field takes the digits of an authenticator app.
func (n node) IsCode() bool { return n.Name == "totp_code" }

// login shows a flow. Without one, or with one that has expired or is another browser's, it begins a new one: a person who
// comes back to an old page meets a sign-in and not an error.
func (h *Handler) login(c echo.Context) error {
	id := c.QueryParam("flow")
	if id == "" {
		return c.Redirect(http.StatusSeeOther, h.begin(c))
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
			Second:     flow.SecondStep,
			Identifier: flow.Identifier,
		},
	}
	if p.Second = flow.SecondStep; p.Second {
		if p.SignOut, err = h.Kratos.LogoutURL(c.Request().Context(), c.Request().Header.Get("Cookie")); err != nil {
			h.Log.WarnContext(c.Request().Context(), "a sign-in page has no way to sign out", "err", err)
		}
	}
	for _, m := range flow.Methods {
		p.Password = p.Password || m.Name == "password"
		p.Methods = append(p.Methods, h.method(m, locale))
	}
	typed, known := h.kept(c.Request(), id)
	if p.Plain = h.plainOf(flow, typed, known, locale); known && p.Plain.Code == nil && !p.Plain.Again {
		h.forget(c) // a password is kept only while it is needed
	}
	return h.pages.Render(c, http.StatusOK, "login", p)
}

// kratosText is the name of the text for one of Kratos' own.
func kratosText(id int64) string { return fmt.Sprintf("kratos_%d", id) }

// begin is where a sign-in begins, or goes on: to Kratos, whoever lacks the second factor alone is signed in already, and would be led
// back to where they came from, which leads here.
func (h *Handler) begin(c echo.Context) string {
	returnTo, refresh := c.QueryParam("return_to"), c.QueryParam("refresh") == "true"
	if _, err := h.Kratos.Whoami(c.Request().Context(), c.Request()); !refresh && errors.Is(err, kratos.ErrAAL2Needed) {
		return stepUp(returnTo)
	}
	return startNew(returnTo, refresh)
}

func (h *Handler) method(m kratos.Method, locale string) method {
	shown := method{Name: m.Name}
	for _, n := range m.Nodes {
		v := node{Node: n, Text: n.Label.Text}
		v.Provider, _ = n.Label.Context["provider"].(string)
		v.Device, _ = n.Label.Context["display_name"].(string)
		if key := kratosText(n.Label.ID); h.Texts[locale][key] != "" {
			v.Key, v.Text = key, strings.NewReplacer("{{.Provider}}", v.Provider, "{{.Device}}", v.Device).Replace(h.Texts[locale][key])
		}
		for _, m := range n.Messages {
			v.Said = append(v.Said, h.sayKratos(m, locale))
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
