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

// maxForm is the maximum number of bytes of a form that are read. The request to Kratos must also keep to public.limits, which are
// smaller.
const maxForm = 32 << 10

// The fields of a form that are for Nidan. All other fields go to Kratos unchanged; a client could send them to Kratos itself.
const (
	flowField = "flow"
	ownFields = "two_factor." // prefix of the names of the other fields
	codeField = ownFields + "code"
	tickField = ownFields + "remember"
	doField   = ownFields + "action" // "resend" or "cancel"; empty: verify the code
)

// submit takes a form of the sign-in page from a browser that runs no script. It makes from it what the script would send: a
// submission of Kratos' login flow with transient_payload. This submission is passed on to Kratos like every other one (HandOn), and
// Kratos calls the hook for it. So a client can do nothing here that it could not do at Kratos, and nobody gets in this way who would
// not get in with the script.
//
// Kratos answers a form with the address where the browser goes next: back to this page, where the flow says what is shown; to the
// address where the sign-in was to lead; or to a provider. Only Kratos chooses the address, and only from those that its
// configuration allows. No field of the form contains an address.
//
// Attack: another site makes a person's browser sign in as somebody else (login CSRF). Two checks refuse this: the form must come
// from this site (FromHere), and Kratos requires the flow's anti-CSRF token and the cookie that belongs to it.
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
	if r.PostForm.Has(codeField) && !keep { // the kept input has expired, or belongs to another flow: ask for account and password again
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

// tellNotTaken answers a form that cannot be read or is too long.
func (h *Handler) tellNotTaken(c echo.Context, err error) error {
	status := http.StatusBadRequest
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		status = http.StatusRequestEntityTooLarge
	}
	return h.tell(c, status, trouble{Name: notTaken})
}

// typedIn returns the input of the first step: from the form, or, if the form is the one with the code, from the browser's cookie.
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
	return typed{}, false // a form of another method, which is submitted only once
}

// leave ends a sign-in with a provider. To cancel the challenge, the browser would have to go to the provider once more. Instead,
// leave begins a new flow, and the old flow is left with its code.
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

// payloadOf returns Nidan's part of a submission (contract, section 1) as JSON, because Kratos takes transient_payload as JSON in a
// form.
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

// submission returns the request to Kratos that submits the flow. It has the headers and the address of the browser's request, and
// its cookies without the one that contains the password.
func (h *Handler) submission(r *http.Request, flow string, fields url.Values) *http.Request {
	body := fields.Encode()
	s := r.Clone(r.Context())
	s.URL = &url.URL{Path: "/self-service/login", RawQuery: url.Values{"flow": {flow}}.Encode()}
	s.RequestURI = s.URL.RequestURI()
	s.Body, s.ContentLength, s.TransferEncoding = io.NopCloser(strings.NewReader(body)), int64(len(body)), nil
	s.Form, s.PostForm = nil, nil
	s.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.Header.Del("Content-Length")
	s.Header.Set("Accept", "text/html") // Kratos then answers as to a form, with a redirect
	s.Header.Del("Cookie")
	for _, cookie := range r.Cookies() {
		if cookie.Name != h.typedCookie() {
			s.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value, Quoted: cookie.Quoted})
		}
	}
	return s
}

// loginPath returns the path of the page of a flow.
func loginPath(flow string) string {
	if flow == "" {
		return "/login"
	}
	return "/login?" + url.Values{"flow": {flow}}.Encode()
}

// answer keeps Kratos' answer until Nidan knows what to answer the browser.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
func (a *answer) WriteHeader(status int)      { a.status = status }
