package signin

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/brand"
	"nidan/challenge"
	"nidan/exchange"
	"nidan/hooks"
	"nidan/kratos"
)

// The e2e tests run the whole sign-in in a browser without script, on the real Kratos. These tests check what goes to Kratos, what
// the browser keeps, and where each answer of Kratos leads.

const (
	ours     = "http://x" // the pages' origin
	secret   = "correct horse; battery=staple"
	itsToken = "the-token"
)

var noon = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// scene has the pages in front of a Kratos that answers every submission in the same way, and shows every flow with one message.
type scene struct {
	t       *testing.T
	e       *echo.Echo
	now     time.Time
	message string // of the flow, as JSON; empty: none
	group   string // group of the flow's only method
	active  string // method
	answer  func(http.ResponseWriter)
	handed  *http.Request // the request that was passed on; nil: none
	form    url.Values    // body of this request
	told    exchange.SignIn
	lacking string
}

func newScene(t *testing.T, https bool) *scene {
	t.Helper()
	s := &scene{t: t, now: noon, active: "password", group: "password"}
	s.answer = func(w http.ResponseWriter) { leadTo(w, ours+"/login?flow=f") }
	k := httptest.NewServer(http.HandlerFunc(s.kratos))
	t.Cleanup(k.Close)
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := hooks.Sentences()
	if err != nil {
		t.Fatal(err)
	}
	s.e = echo.New()
	h := &Handler{
		Kratos: kratos.NewFrontend(k.URL, "ory_kratos_session"), Remembered: remembers, Origin: ours, HTTPS: https,
		HandOn: s.handOn, FromHere: fromHere, Keys: ring(t), Now: func() time.Time { return s.now },
		SignIn:  func(context.Context, string, time.Time) (*exchange.SignIn, error) { return &s.told, nil },
		Lacking: func(context.Context, *http.Request, string) (string, error) { return s.lacking, nil },
		Brand:   brand.Brand{Name: "Brand"}, Texts: texts.With(sentences), Rand: rand.Reader, Log: slog.New(slog.DiscardHandler),
	}
	if err := h.Mount(s.e); err != nil {
		t.Fatal(err)
	}
	s.e.HTTPErrorHandler = h.Explain
	return s
}

// fromHere replaces console.FromHereOnly, which has tests of its own.
func fromHere(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().Header.Get("Sec-Fetch-Site") == "cross-site" {
			return echo.ErrForbidden
		}
		return next(c)
	}
}

func ring(t *testing.T) *challenge.Keyring {
	t.Helper()
	keys, err := challenge.NewKeyring([]string{strings.Repeat("k", challenge.MinSecretLength)})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func (s *scene) handOn(c echo.Context) error {
	s.handed = c.Request()
	body, err := io.ReadAll(s.handed.Body)
	if err != nil {
		return err
	}
	if s.form, err = url.ParseQuery(string(body)); err != nil {
		return err
	}
	s.answer(c.Response())
	return nil
}

func leadTo(w http.ResponseWriter, to string, cookies ...string) {
	for _, c := range cookies {
		w.Header().Add("Set-Cookie", c)
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// kratos answers as Kratos v1.3.1 does.
func (s *scene) kratos(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/sessions/whoami" {
		fmt.Fprint(w, `{"id": "s", "authenticated_at": "2026-04-01T12:00:00Z", "identity": {"id": "1", "schema_id": "account", "schema_url": "", "traits": {}}}`)
		return
	}
	messages := "[" + s.message + "]"
	fmt.Fprintf(w, `{"id": "f", "type": "browser", "expires_at": "2026-04-01T13:00:00Z", "issued_at": "2026-04-01T12:00:00Z", "active": %q,
		"request_url": "http://x/", "state": "choose_method", "return_to": "http://x/back",
		"ui": {"action": "http://x/self-service/login?flow=f", "method": "POST", "messages": %s, "nodes": [
		{"type": "input", "group": "default", "messages": [], "meta": {}, "attributes": {"name": "csrf_token", "type": "hidden", "value": %q, "disabled": false, "node_type": "input"}},
		{"type": "input", "group": %q, "messages": [], "meta": {}, "attributes": {"name": "password", "type": "password", "disabled": false, "node_type": "input"}}]}}`,
		s.active, messages, itsToken, s.group)
}

// post sends a form to the page, with these cookies.
func (s *scene) post(fields url.Values, cookies ...*http.Cookie) (*http.Response, string) {
	s.t.Helper()
	s.handed, s.form = nil, nil
	r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.send(r, cookies...)
}

func (s *scene) send(r *http.Request, cookies ...*http.Cookie) (*http.Response, string) {
	s.t.Helper()
	r.Header.Set("Accept", fromBrowser)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.e.ServeHTTP(w, r)
	return w.Result(), html.UnescapeString(w.Body.String())
}

func (s *scene) shows(cookies ...*http.Cookie) (*http.Response, string) {
	s.t.Helper()
	answer, body := s.send(httptest.NewRequest(http.MethodGet, "/login?flow=f", nil), cookies...)
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("the page is %d:\n%s", answer.StatusCode, body)
	}
	return answer, body
}

func first(more url.Values) url.Values {
	f := url.Values{"flow": {"f"}, "csrf_token": {itsToken}, "identifier": {"agent"}, "password": {secret}}
	maps.Copy(f, more)
	return f
}

// second returns the form with the code.
func second(code string, more url.Values) url.Values {
	f := url.Values{"flow": {"f"}, "csrf_token": {itsToken}, "two_factor.code": {code}}
	maps.Copy(f, more)
	return f
}

// cookieOf returns the cookie with the input of the first step in an answer, or nil if there is none or if it deletes the cookie.
func cookieOf(answer *http.Response) *http.Cookie {
	for _, c := range answer.Cookies() {
		if strings.HasSuffix(c.Name, "nidan_typed") && c.MaxAge > 0 {
			return c
		}
	}
	return nil
}

func forgets(answer *http.Response) bool {
	return slices.ContainsFunc(answer.Cookies(), func(c *http.Cookie) bool { return c.Name == "nidan_typed" && c.MaxAge < 0 })
}

// twoFactor returns what the hook gets in transient_payload.two_factor.
func (s *scene) twoFactor() map[string]any {
	s.t.Helper()
	var payload struct {
		TwoFactor map[string]any `json:"two_factor"`
	}
	if err := json.Unmarshal([]byte(s.form.Get("transient_payload")), &payload); err != nil {
		s.t.Fatal(err)
	}
	return payload.TwoFactor
}

func TestAFormIsHandedOnAsASubmissionOfItsFlow(t *testing.T) {
	s := newScene(t, false)
	answer, _ := s.post(first(url.Values{"transient_payload": {`{"two_factor": {"client": 1}}`}, "two_factor.device_token": {"x"}}),
		&http.Cookie{Name: "csrf_token_1", Value: "a=="}, &http.Cookie{Name: "nidan_locale", Value: "en"})
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "http://x/login?flow=f" {
		t.Errorf("the browser is told %d %s", answer.StatusCode, answer.Header.Get("Location"))
	}
	if s.handed.Method != http.MethodPost || s.handed.URL.RequestURI() != "/self-service/login?flow=f" ||
		s.handed.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || s.handed.Header.Get("Accept") != "text/html" {
		t.Errorf("handed on: %s %s %v", s.handed.Method, s.handed.URL, s.handed.Header)
	}
	if got := s.handed.Header.Get("Cookie"); got != "csrf_token_1=a==; nidan_locale=en" {
		t.Errorf("with the cookies %s", got)
	}
	payload := s.form.Get("transient_payload")
	s.form.Del("transient_payload")
	want := "csrf_token=the-token&identifier=agent&method=password&password=" + url.QueryEscape(secret)
	if s.form.Encode() != want || payload != `{"two_factor":{"locale":"en"}}` {
		t.Errorf("with the fields %s and %s", s.form.Encode(), payload)
	}
}

func TestTheSecondStepSendsThePasswordAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		form url.Values
		want map[string]any
	}{
		"a code":                  {second("123456", nil), map[string]any{"code": "123456", "locale": "ja"}},
		"a code, and the tick":    {second("123456", url.Values{"two_factor.remember": {"true"}}), map[string]any{"code": "123456", "remember": true, "locale": "ja"}},
		"another code, please":    {second("", url.Values{"two_factor.action": {"resend"}}), map[string]any{"action": "resend", "locale": "ja"}},
		"nothing of a code typed": {second("12", url.Values{"two_factor.action": {"cancel"}}), map[string]any{"action": "cancel", "locale": "ja"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, false)
			answer, _ := s.post(first(nil))
			s.post(tc.form, cookieOf(answer))
			if s.handed == nil {
				t.Fatal("nothing was handed on")
			}
			if got := s.twoFactor(); !maps.Equal(got, tc.want) {
				t.Errorf("the hook is told %v", got)
			}
			if s.form.Get("identifier") != "agent" || s.form.Get("password") != secret || s.form.Get("method") != "password" ||
				s.form.Get("csrf_token") != itsToken || s.form.Has("two_factor.code") || s.form.Has("flow") {
				t.Errorf("the fields are %v", s.form)
			}
			if s.handed.Header.Get("Cookie") != "" {
				t.Errorf("the cookie went to Kratos: %s", s.handed.Header.Get("Cookie"))
			}
		})
	}
}

func TestWhatWasTypedIsKeptByTheBrowserAlone(t *testing.T) {
	answer, _ := newScene(t, false).post(first(nil))
	c := cookieOf(answer)
	if c == nil || c.Name != "nidan_typed" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/login" || c.Secure || c.MaxAge != 900 || c.Domain != "" {
		t.Fatalf("on plain HTTP: %+v", c)
	}
	if answer.Header.Get("Cache-Control") != "no-store" {
		t.Error("the answer may be kept")
	}
	for _, known := range []string{secret, "agent"} {
		if strings.Contains(c.Value, known) {
			t.Errorf("%q can be read in the cookie", known)
		}
	}
	if answer, _ = newScene(t, true).post(first(nil)); cookieOf(answer).Name != "__Secure-nidan_typed" || !cookieOf(answer).Secure {
		t.Errorf("over HTTPS: %+v", cookieOf(answer))
	}
}

func TestWhatWasTypedIsGoodForItsFlowAndAQuarterOfAnHour(t *testing.T) {
	s := newScene(t, false)
	s.message = messageOf("code_mismatch", "error", nil)
	answer, _ := s.post(first(nil))
	c := cookieOf(answer)
	other := second("123456", url.Values{"flow": {"another"}})
	altered := *c
	altered.Value = "A" + c.Value[1:]
	if altered.Value == c.Value {
		altered.Value = "B" + c.Value[1:]
	}
	notTaken := func(name string, form url.Values, cookies ...*http.Cookie) {
		t.Helper()
		answer, _ := s.post(form, cookies...)
		want := "/login?flow=" + form.Get("flow")
		if s.handed != nil || answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != want {
			t.Errorf("%s: handed on: %v, told %d %s", name, s.handed != nil, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
	notTaken("in another flow", other, c)
	notTaken("altered", second("1", nil), &altered)
	notTaken("without it", second("1", nil))
	if _, body := s.shows(&altered); strings.Contains(body, `id="code"`) || !strings.Contains(body, "もう一度入力してください") {
		t.Error("the code is asked for without the password")
	}
	s.now = noon.Add(15*time.Minute + time.Second)
	notTaken("when it is over", second("1", nil), c)
	s.now = noon.Add(15 * time.Minute)
	if answer, _ := s.post(second("1", nil), c); s.handed == nil || cookieOf(answer) == nil {
		t.Error("in time it is not taken, or not renewed")
	}
}

func TestAPasswordIsKeptOnlyWhileACodeIsAskedFor(t *testing.T) {
	s := newScene(t, false)
	answer, _ := s.post(first(nil))
	c := cookieOf(answer)
	s.message = messageOf("code_sent", "info", nil)
	if answer, _ := s.shows(c); forgets(answer) {
		t.Error("it is forgotten while the code is asked for")
	}
	s.message = `{"id": 4000006, "type": "error", "text": "The provided credentials are invalid"}`
	if answer, _ := s.shows(c); !forgets(answer) {
		t.Error("a wrong password is kept")
	}
	s.message = messageOf("unavailable", "error", map[string]any{"none": true})
	if answer, _ := s.shows(c); forgets(answer) {
		t.Error("it is forgotten where it can be sent once more")
	}
	if _, body := s.shows(); !strings.Contains(body, `id="plain-password"`) || strings.Contains(body, "try-again") {
		t.Error("nothing can be sent once more that is not kept, and the password is not asked for")
	}
	for name, to := range map[string]string{
		"signed in": ours + "/", "another flow": ours + "/login?flow=2", "an error": ours + "/error?id=1",
	} {
		s.answer = func(w http.ResponseWriter) {
			if name == "signed in" {
				leadTo(w, to, "ory_kratos_session=1; Path=/; HttpOnly")
				return
			}
			leadTo(w, to)
		}
		if answer, _ := s.post(second("1", nil), c); !forgets(answer) || cookieOf(answer) != nil {
			t.Errorf("%s: it is kept: %v", name, answer.Header["Set-Cookie"])
		}
	}
	// Input that is too long for a cookie must be entered again.
	s.answer = func(w http.ResponseWriter) { leadTo(w, ours+"/login?flow=f") }
	if answer, _ := s.post(first(url.Values{"password": {strings.Repeat("p", 3000)}}), c); cookieOf(answer) != nil || !forgets(answer) {
		t.Error("a cookie is set that no browser keeps, or an old one is left")
	}
}

func TestWhereAnAnswerLeads(t *testing.T) {
	begun := []string{"ory_kratos_session=1; Path=/; HttpOnly", "csrf_token_1=b; Path=/"}
	const away = "https://app.example.com/a?b=c&d=%22e"
	for name, tc := range map[string]struct {
		to      string
		cookies []string
		wrong   int
		lacking string
		status  int
		want    string // Location
		page    string
	}{
		"in":                           {to: ours + "/console", cookies: begun, status: 303, want: ours + "/console"},
		"in, by a path":                {to: "/console", cookies: begun, status: 303, want: ours + "/console"},
		"in, at another site":          {to: away, cookies: begun, status: 200, page: `content="0;url=` + away + `"`},
		"in, and there is to tell":     {to: ours + "/console", cookies: begun, wrong: 3, status: 200, page: "誤った認証コードが3回入力されました"},
		"in, and a factor is lacking":  {to: away, cookies: begun, lacking: ours + "/self-service/login/browser?aal=aal2", status: 303, want: ours + "/self-service/login/browser?aal=aal2"},
		"to a provider":                {to: "https://provider.example.com/auth", status: 200, page: `href="https://provider.example.com/auth"`},
		"to a program of the person's": {to: "example-app:signed-in", cookies: begun, status: 303, want: "example-app:signed-in"},
		"another flow":                 {to: ours + "/login?flow=2", status: 303, want: ours + "/login?flow=2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, false)
			s.answer = func(w http.ResponseWriter) { leadTo(w, tc.to, tc.cookies...) }
			s.told.WrongCodes.Count, s.lacking = tc.wrong, tc.lacking
			answer, body := s.post(first(nil))
			if answer.StatusCode != tc.status || answer.Header.Get("Location") != tc.want || !strings.Contains(body, tc.page) {
				t.Errorf("got %d %s\n%s", answer.StatusCode, answer.Header.Get("Location"), body)
			}
			if tc.wrong > 0 && strings.Contains(body, "refresh") {
				t.Error("the page does not wait until it is read")
			}
			for _, c := range tc.cookies {
				if !slices.Contains(answer.Header["Set-Cookie"], c) {
					t.Errorf("the browser does not get %s", c)
				}
			}
			if answer.Header.Get("Cache-Control") != "no-store" {
				t.Error("the answer may be kept")
			}
		})
	}
}

func TestWhatIsNotTaken(t *testing.T) {
	s := newScene(t, false)
	r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(first(nil).Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if answer, body := s.send(r); answer.StatusCode != http.StatusForbidden || s.handed != nil || !strings.Contains(body, "別のサイトから") {
		t.Errorf("another site's form: %d", answer.StatusCode)
	}
	if answer, body := s.post(first(url.Values{"identifier": {strings.Repeat("x", 33<<10)}})); answer.StatusCode != http.StatusRequestEntityTooLarge ||
		s.handed != nil || !strings.Contains(body, "受け付けられませんでした") {
		t.Errorf("a form that is too long: %d", answer.StatusCode)
	}
	for status, want := range map[int]int{413: 413, 400: 400, 500: 502, 200: 502} {
		s.answer = func(w http.ResponseWriter) { http.Error(w, "words of a program", status) }
		if answer, body := s.post(first(nil)); answer.StatusCode != want || strings.Contains(body, "words of a program") || cookieOf(answer) != nil {
			t.Errorf("an answer of %d becomes %d:\n%s", status, answer.StatusCode, body)
		}
	}
}

func TestASignInWithAProviderIsLedThereForEachStep(t *testing.T) {
	s := newScene(t, false)
	s.active = "oidc"
	s.answer = func(w http.ResponseWriter) { leadTo(w, "https://provider.example.com/auth") }
	answer, _ := s.post(url.Values{"flow": {"f"}, "csrf_token": {itsToken}, "provider": {"example"}})
	c := cookieOf(answer)
	if s.form.Get("method") != "oidc" || s.form.Get("provider") != "example" || c == nil {
		t.Fatalf("handed on: %v, kept: %v", s.form, c)
	}
	s.message = messageOf("code_sent", "info", nil)
	if _, body := s.shows(c); !strings.Contains(body, `id="code"`) {
		t.Error("no code is asked for")
	}
	if _, body := s.shows(); strings.Contains(body, `id="code"`) || !strings.Contains(body, "もう一度同じプロバイダー") {
		t.Error("a code is asked for that leads nowhere")
	}
	s.post(second("123456", nil), c)
	if s.form.Get("provider") != "example" || s.twoFactor()["code"] != "123456" {
		t.Errorf("the code goes with %v", s.form)
	}
	answer, _ = s.post(second("", url.Values{"two_factor.action": {"cancel"}}), c)
	if s.handed != nil || !forgets(answer) || answer.Header.Get("Location") != "/self-service/login/browser?return_to=http%3A%2F%2Fx%2Fback" {
		t.Errorf("given up: handed on %v, told %s", s.handed != nil, answer.Header.Get("Location"))
	}
}
