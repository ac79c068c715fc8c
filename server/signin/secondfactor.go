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

// secondFactorPath is the path of the page on which people enrol second factors: Kratos' ui_url of settings.
const secondFactorPath = "/second-factor"

type secondFactorPage struct {
	Messages []said
	Factors  []factor
	Scripts  []string
}

// factor is one of Kratos' second factors, as Kratos' settings flow shows it.
type factor struct {
	Name      string // Kratos' name of the factor: totp, webauthn, passkey or lookup_secret
	Action    string // address that its forms are sent to
	CSRFToken string
	Enrolled  bool
	Fields    []node // fields of the form that enrols the factor
	Submit    *node  // button that enrols the factor; nil: a button among the fields does, or there is no such form
	Actions   []node // buttons with a form of their own: remove the factor, show its codes, and so on
}

// NeedsScript says whether the factor works only with a script, like the method of the same name.
func (f factor) NeedsScript() bool { return method{Name: f.Name}.NeedsScript() }

// said is a message in the page's language, or Kratos' text if there is no translation.
type said struct{ Kind, Text string }

// secondFactors are the factors that the page shows, in this order. A passkey replaces the password, but it is enrolled on the same
// page. The page does not show Kratos' other settings.
var secondFactors = []string{"totp", "webauthn", "passkey", "lookup_secret"}

// enrolledBy has the button that Kratos shows only if the factor is enrolled.
var enrolledBy = map[string]string{
	"totp": "totp_unlink", "webauthn": "webauthn_remove", "passkey": "passkey_remove", "lookup_secret": "lookup_secret_disable",
}

// secondFactor shows a settings flow. Without a flow, Nidan begins one for the browser, so that the page can explain it if Kratos
// refuses.
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
				for _, s := range scripts { // security keys and passkeys use the same script
					if !slices.Contains(p.Scripts, s) {
						p.Scripts = append(p.Scripts, s)
					}
				}
			}
		}
	}
	// The QR code is an image inside the page (data: URL).
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

// back returns the address of this page, for Kratos to lead to.
func (h *Handler) back() string { return h.Origin + secondFactorPath }

// stepUp returns the address at which a person who is signed in shows a second factor.
func stepUp(returnTo string) string {
	query := url.Values{"aal": {"aal2"}}
	if returnTo != "" {
		query.Set("return_to", returnTo)
	}
	return "/self-service/login/browser?" + query.Encode()
}

// factorOf sorts the nodes of a factor. Each button that does something by itself gets a form of its own: the Enter key presses the
// first button of a form, and this must not be a button that removes something.
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

// sayKratos returns a message of Kratos in the page's language, if there is a text for it. Nidan's own messages are in this language
// already.
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
