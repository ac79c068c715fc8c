package e2e

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// form is a browser login flow of Kratos, submitted like a plain HTML form.
type form struct {
	t       *testing.T
	client  *http.Client
	flow    string
	fields  url.Values
	header  http.Header // set by a test; nil: none
	leadsTo string      // where the answer to the last submission leads
}

func newForm(t *testing.T, identifier string) *form {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &form{t: t, fields: url.Values{"method": {"password"}, "identifier": {identifier}, "password": {password}}}
	f.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	f.begin("")
	return f
}

// begin begins a flow in the same browser. The query may ask Kratos to refresh a session.
func (f *form) begin(query string) {
	f.t.Helper()
	answer, err := f.client.Get(kratosPublic + "/self-service/login/browser" + query)
	if err != nil {
		f.t.Fatal(err)
	}
	answer.Body.Close()
	page, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || page.Query().Get("flow") == "" {
		f.t.Fatalf("Kratos leads to %v (%v), not to a login page", page, err)
	}
	f.flow = page.Query().Get("flow")
	answer, err = f.client.Get(kratosPublic + "/self-service/login/flows?id=" + f.flow)
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	var flow struct {
		UI struct {
			Nodes []struct{ Attributes struct{ Name, Value string } }
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&flow); err != nil {
		f.t.Fatal(err)
	}
	for _, n := range flow.UI.Nodes {
		if n.Attributes.Name == "csrf_token" {
			f.fields.Set("csrf_token", n.Attributes.Value)
		}
	}
}

// submit submits the flow with a transient_payload, and returns the cookies that the browser has afterwards.
func (f *form) submit(payload string) map[string]string {
	f.t.Helper()
	f.fields.Set("transient_payload", payload)
	return f.post()
}

// post submits the flow with its fields as they are.
func (f *form) post() map[string]string {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, kratosPublic+"/self-service/login?flow="+f.flow,
		strings.NewReader(f.fields.Encode()))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	maps.Copy(r.Header, f.header)
	answer, err := f.client.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	answer.Body.Close()
	f.leadsTo = answer.Header.Get("Location")
	cookies := map[string]string{}
	for _, c := range f.client.Jar.Cookies(f.kratos()) {
		cookies[c.Name] = c.Value
	}
	return cookies
}

func (f *form) kratos() *url.URL {
	f.t.Helper()
	base, err := url.Parse(kratosPublic)
	if err != nil {
		f.t.Fatal(err)
	}
	return base
}

// setCookie gives the browser a cookie, like the sign-in page does with the device cookie.
func (f *form) setCookie(name, value string) {
	f.t.Helper()
	f.client.Jar.SetCookies(f.kratos(), []*http.Cookie{{Name: name, Value: value}})
}

// ending submits the flow with a transient_payload, and returns in a word how that ended, like [reply.ending].
func (f *form) ending(payload string) string {
	f.t.Helper()
	f.fields.Set("transient_payload", payload)
	return f.postEnding()
}

func (f *form) postEnding() string {
	f.t.Helper()
	if f.post()["ory_kratos_session"] != "" {
		return letIn
	}
	if !strings.Contains(f.leadsTo, "/login?flow="+f.flow) {
		return byKratos
	}
	answer, err := f.client.Get(kratosPublic + "/self-service/login/flows?id=" + f.flow)
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	var r reply
	if err := json.NewDecoder(answer.Body).Decode(&r); err != nil {
		f.t.Fatal(err)
	}
	return r.ending()
}

// submitCode submits the flow with a code.
func (f *form) submitCode(code string) map[string]string {
	f.t.Helper()
	return f.submit(`{"two_factor": {"code": "` + code + `"}}`)
}

// in returns the session cookie among a submission's cookies. It fails the test if there is none.
func (f *form) in(cookies map[string]string) http.Header {
	f.t.Helper()
	session := cookies["ory_kratos_session"]
	if session == "" {
		f.t.Fatal("nobody was let in")
	}
	return http.Header{"Cookie": {"ory_kratos_session=" + session}}
}
