package signin

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"nidan/kratos"
	"nidan/server/page"
)

// secondFactorPath is where people enrol second factors: Kratos' ui_url of settings.
const secondFactorPath = "/second-factor"

// secondFactorPage is what the template of the page is told.
type secondFactorPage struct {
	Messages []said
	Factors  []factor
	Scripts  []string
}

// factor is one of Kratos' second factors, as its settings flow shows it.
type factor struct {
	Name      string // as Kratos names it: totp, webauthn, lookup_secret
	Action    string // where its forms lead
	CSRFToken string
	Enrolled  bool
	Fields    []node // of the form that enrols it
	Submit    *node  // enrols it; nil: a button among the fields does, or there is no such form
	Actions   []node // each a button of its own: removes it, shows its codes, and so on
}

// NeedsScript is as in method.
func (f factor) NeedsScript() bool { return method{Name: f.Name}.NeedsScript() }

// said is a message in the page's language, or in Kratos' words.
type said struct{ Kind, Text string }

// secondFactors are the factors that the page shows, in its order. A passkey is for in place of the password, and is enrolled as they
// are. Kratos' other settings are not for this page.
var secondFactors = []string{"totp", "webauthn", "passkey", "lookup_secret"}

// enrolledBy is the button that is there where a factor is enrolled.
var enrolledBy = map[string]string{
	"totp": "totp_unlink", "webauthn": "webauthn_remove", "passkey": "passkey_remove", "lookup_secret": "lookup_secret_disable",
}

// secondFactor shows a settings flow. Without one it begins one, on behalf of the browser: so it can say in words why that is refused.
func (h *Handler) secondFactor(c echo.Context) error {
	ctx, cookie := c.Request().Context(), c.Request().Header.Get("Cookie")
	id := c.QueryParam("flow")
	if id == "" {
		return h.beginSecondFactor(c)
	}
	flow, err := h.Kratos.SettingsFlow(ctx, id, cookie)
	switch {
	case errors.Is(err, kratos.ErrAAL2Needed):
		return c.Redirect(http.StatusSeeOther, stepUp(h.back()))
	case errors.Is(err, kratos.ErrGone):
		return c.Redirect(http.StatusSeeOther, secondFactorPath)
	case err != nil:
		h.Log.ErrorContext(ctx, "the page of second factors could not be shown", "err", err)
		return h.tell(c, http.StatusBadGateway, trouble{Name: away})
	}
	locale := page.LocaleOf(c.Request())
	var p secondFactorPage
	for _, m := range flow.Messages {
		p.Messages = append(p.Messages, h.sayKratos(m, locale))
	}
	for _, name := range secondFactors {
		for _, m := range flow.Methods {
			if m.Name == name {
				f, scripts := factorOf(h.method(m, locale))
				f.Action, f.CSRFToken = flow.Action, flow.CSRFToken
				p.Factors = append(p.Factors, f)
				for _, s := range scripts { // security keys and passkeys have the same
					if !slices.Contains(p.Scripts, s) {
						p.Scripts = append(p.Scripts, s)
					}
				}
			}
		}
	}
	// The image to scan comes inside the page.
	c.Response().Header().Set("Content-Security-Policy", page.Rules("img-src 'self' data:"))
	return h.pages.Render(c, http.StatusOK, "second_factor", p)
}

func (h *Handler) beginSecondFactor(c echo.Context) error {
	ctx := c.Request().Context()
	id, cookies, err := h.Kratos.NewSettingsFlow(ctx, c.Request().Header.Get("Cookie"), c.QueryParam("return_to"))
	switch {
	case errors.Is(err, kratos.ErrAAL2Needed):
		return c.Redirect(http.StatusSeeOther, stepUp(h.back()))
	case errors.Is(err, kratos.ErrGone):
		return c.Redirect(http.StatusSeeOther, startNew(h.back(), false))
	case errors.Is(err, kratos.ErrRefused):
		return h.pages.Render(c, http.StatusForbidden, "second_factor_refused", startNew(h.back(), true))
	case err != nil:
		h.Log.ErrorContext(ctx, "nobody could begin to enrol a second factor", "err", err)
		return h.tell(c, http.StatusBadGateway, trouble{Name: away})
	}
	for _, cookie := range cookies {
		c.Response().Header().Add("Set-Cookie", cookie)
	}
	return c.Redirect(http.StatusSeeOther, secondFactorPath+"?"+url.Values{"flow": {id}}.Encode())
}

// back is this page, for Kratos to lead to.
func (h *Handler) back() string { return h.Origin + secondFactorPath }

// stepUp is where somebody who is signed in shows a second factor.
func stepUp(returnTo string) string {
	query := url.Values{"aal": {"aal2"}}
	if returnTo != "" {
		query.Set("return_to", returnTo)
	}
	return "/self-service/login/browser?" + query.Encode()
}

// factorOf sorts the nodes of a factor. Each button that does something by itself gets a form of its own: a form's first button is
// pressed with the key Enter, and that must not be one that removes something.
func factorOf(m method) (f factor, scripts []string) {
	f.Name = m.Name
	for _, n := range m.Nodes {
		f.Enrolled = f.Enrolled || n.Name == enrolledBy[m.Name]
		switch {
		case n.Type == "script":
			scripts = append(scripts, n.Src)
		case n.Type == "submit" && n.Name == "method":
			submit := n
			f.Submit = &submit
		case n.Type == "submit":
			f.Actions = append(f.Actions, n)
		default:
			f.Fields = append(f.Fields, n)
		}
	}
	return f, scripts
}

// sayKratos is a message of Kratos' in the page's language, if there is a text for it. One of Nidan's own is in the language already.
func (h *Handler) sayKratos(m kratos.Message, locale string) said {
	s := said{Kind: "error", Text: m.Text}
	if m.Type != "error" {
		s.Kind = "info"
	}
	if text := h.Texts[locale][kratosText(m.ID)]; text != "" {
		s.Text = text
	}
	return s
}
