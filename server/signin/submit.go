package signin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"nidan/kratos"
	"nidan/server/page"
)

// maxForm bounds what is read of a form. What goes on to Kratos has to keep to public.limits as well, which are less.
const maxForm = 32 << 10

// The fields of a form that are for Nidan. All others go to Kratos as they are, which a client could send there itself.
const (
	flowField = "flow"
	ownFields = "two_factor." // the beginning of the names of all others
	codeField = ownFields + "code"
	tickField = ownFields + "remember"
	doField   = ownFields + "action" // resend or cancel; empty: verify
)

// submit takes a form of the sign-in page from a browser that runs no script, and makes of it what the script would have sent: a
// submission of Kratos' login flow with transient_payload. It goes the way of every other submission (HandOn), and Kratos calls the
// hook for it. So nothing can be done here that a client could not do by itself, and nobody gets in by this way who would not by the other.
//
// Kratos' answer to a form is where the browser goes next: back to this page, where the flow says what is shown, to where the sign-in
// was to lead, or to a provider. Only Kratos says where to, and it leads to addresses that its configuration allows: no field of the form
// names one.
//
// That another site makes somebody sign in as somebody else is refused twice: the form has to come from here (FromHere), and Kratos
// wants the flow's anti-CSRF token with the cookie that goes with it.
func (h *Handler) submit(c echo.Context) error {
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return h.tellNotTaken(c, err)
	}
	flow, fields := r.PostForm.Get(flowField), url.Values{}
	for name, values := range r.PostForm {
		if name != flowField && name != "transient_payload" && !strings.HasPrefix(name, ownFields) {
			fields[name] = values
		}
	}
	t, keep := h.typedIn(r, flow)
	if r.PostForm.Has(codeField) && !keep { // it is over, or another flow's: account and password are asked for again
		return c.Redirect(http.StatusSeeOther, loginPath(flow))
	}
	action := r.PostForm.Get(doField)
	if action == "cancel" && t.Provider != "" {
		return h.leave(c, flow)
	}
	if keep {
		t.fill(fields)
	}
	payload, err := payloadOf(r.PostForm.Get(codeField), action, t.Remember, page.LocaleOf(r))
	if err != nil {
		return err
	}
	fields.Set("transient_payload", payload)
	a := &answer{header: http.Header{}}
	if err := h.HandOn(c.Echo().NewContext(h.submission(r, flow, fields), a)); err != nil {
		return err
	}
	return h.answered(c, a, flow, t, keep)
}

// tellNotTaken says that a form is none, or too long.
func (h *Handler) tellNotTaken(c echo.Context, err error) error {
	status := http.StatusBadRequest
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		status = http.StatusRequestEntityTooLarge
	}
	return h.tell(c, status, trouble{Name: notTaken})
}

// typedIn is what a form holds of the first step, or what the browser kept of it where the form is of the second.
func (h *Handler) typedIn(r *http.Request, flow string) (t typed, ok bool) {
	form := r.PostForm
	switch {
	case form.Has(codeField):
		t, ok = h.kept(r, flow)
		t.Remember = form.Get(tickField) != ""
		return t, ok
	case form.Has("provider"):
		return typed{Provider: form.Get("provider")}, true
	case form.Has("password"):
		return typed{Identifier: form.Get("identifier"), Password: form.Get("password")}, true
	}
	return typed{}, false // another method's, which is submitted once
}

// leave ends a sign-in with a provider. The provider would be asked once more to give the code up: in place of that the flow is left,
// and its code with it.
func (h *Handler) leave(c echo.Context, flow string) error {
	h.forget(c)
	to := ""
	if f, err := h.Kratos.LoginFlow(c.Request().Context(), flow, c.Request().Header.Get("Cookie")); err == nil {
		to = f.ReturnTo
	} else if !errors.Is(err, kratos.ErrGone) {
		return fmt.Errorf("leave a sign-in: %w", err)
	}
	return c.Redirect(http.StatusSeeOther, startNew(to, false))
}

// payloadOf is Nidan's part of a submission (contract, section 1), as the JSON that Kratos takes in a form.
func payloadOf(code, action string, remember bool, locale string) (string, error) {
	twoFactor := map[string]any{"locale": locale}
	if code != "" && action == "" {
		twoFactor["code"] = code
	}
	if action != "" {
		twoFactor["action"] = action
	}
	if remember {
		twoFactor["remember"] = true
	}
	payload, err := json.Marshal(map[string]any{"two_factor": twoFactor})
	if err != nil {
		return "", fmt.Errorf("make a submission: %w", err)
	}
	return string(payload), nil
}

// submission is r as a submission of the flow to Kratos. All else that the browser says goes with it: its cookies, but for the one
// with the password, and where it is.
func (h *Handler) submission(r *http.Request, flow string, fields url.Values) *http.Request {
	body := fields.Encode()
	s := r.Clone(r.Context())
	s.URL = &url.URL{Path: "/self-service/login", RawQuery: url.Values{"flow": {flow}}.Encode()}
	s.RequestURI = s.URL.RequestURI()
	s.Body, s.ContentLength, s.TransferEncoding = io.NopCloser(strings.NewReader(body)), int64(len(body)), nil
	s.Form, s.PostForm = nil, nil
	s.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.Header.Del("Content-Length")
	s.Header.Set("Accept", "text/html") // Kratos answers a form, and not a program
	s.Header.Del("Cookie")
	for _, cookie := range r.Cookies() {
		if cookie.Name != h.typedCookie() {
			s.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value, Quoted: cookie.Quoted})
		}
	}
	return s
}

// loginPath is the page of a flow.
func loginPath(flow string) string {
	if flow == "" {
		return "/login"
	}
	return "/login?" + url.Values{"flow": {flow}}.Encode()
}

// answer is Kratos' answer, kept back until it is known what the browser is to be told.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
func (a *answer) WriteHeader(status int)      { a.status = status }
