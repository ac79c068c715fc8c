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

type loginPage struct {
	Script   script
	Methods  []method
	Password bool   // the flow has the method password
	Second   bool   // the password was correct, and the page shows second factors
	SignOut  string // address to sign out at, for a person who cannot show the second factor
	Plain    plain  // what the page shows if no script runs
}

// script is the data of the page's script.
type script struct {
	Flow     kratos.LoginFlow `json:"flow"`
	Locale   string           `json:"locale"`
	Cookie   string           `json:"locale_cookie"`
	StartNew string           `json:"start_new"` // address that begins a new flow
	Mail     string           `json:"mail"`      // address of the mail page of a demonstration
	Second   bool             `json:"second"`    // the flow asks for a second factor, and not for a password
	// Identifier is the last submitted identifier, for methods that need it and show no field for it.
	Identifier string `json:"identifier"`
}

// method is a method of the flow, with the labels of its fields in the page's language.
type method struct {
	Name  string
	Nodes []node
}

// NeedsScript says whether a method works only with a script, because browsers ask for keys only through JavaScript.
func (m method) NeedsScript() bool { return m.Name == "passkey" || m.Name == "webauthn" }

// NeedsAccount says whether a method needs an account, but has no field for it.
func (m method) NeedsAccount() bool { return m.Name == "code" }

type node struct {
	kratos.Node
	Text     string
	Key      string // name of the label's text; empty: Text is Kratos' own label
	Provider string // provider's name, a value for the text
	Device   string // device's name, a value for the text
	Said     []said // Kratos' messages at this field
}

// Image returns the image that Kratos' answer contains. It returns nothing for other addresses, so that the page loads no image from
// elsewhere.
func (n node) Image() template.URL {
	if !strings.HasPrefix(n.Src, "data:image/png;base64,") {
		return ""
	}
	return template.URL(n.Src)
}

// IsCode says whether the field is for the code of an authenticator app.
func (n node) IsCode() bool { return n.Name == "totp_code" }

// login shows a flow. If there is no flow, or if it has expired or belongs to another browser, login begins a new flow, so that a
// person who comes back to an old page sees a sign-in and not an error.
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
		h.forget(c) // the cookie with the password is kept only while it is needed
	}
	return h.pages.Render(c, http.StatusOK, "login", p)
}

// kratosText returns the name of the text that replaces a text of Kratos.
func kratosText(id int64) string { return fmt.Sprintf("kratos_%d", id) }

// begin returns the address at which a sign-in begins or goes on. A person who only lacks the second factor is already signed in for
// Kratos: Kratos would send them back to where they came from, and from there they would come here again. So begin leads them to the
// second factor.
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

// sentences returns the texts of a language, for the script.
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
