package e2e

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// plainForm is a form of the sign-in page, as a browser without scripts sends it.
type plainForm struct {
	*form
	n *nidan
}

// newPlainForm returns the form of the first step of a sign-in.
func newPlainForm(n *nidan, account string) plainForm {
	n.t.Helper()
	f := plainForm{newForm(n.t, account), n}
	f.fields.Set("flow", f.flow)
	f.fields.Del("method")
	return f
}

// sends sends the form to the page, and returns the answer's status.
func (f plainForm) sends(header http.Header) int {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, f.n.public+"/login", strings.NewReader(f.fields.Encode()))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	maps.Copy(r.Header, header)
	answer, err := f.client.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	answer.Body.Close()
	f.leadsTo = answer.Header.Get("Location")
	return answer.StatusCode
}

// cookie returns a cookie that the browser sends to the page, "" if there is none.
func (f plainForm) cookie(name string) string {
	f.t.Helper()
	for _, c := range f.client.Jar.Cookies(&url.URL{Scheme: "http", Host: pagesAddress, Path: "/login"}) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// isIn says whether the browser has a session.
func (f plainForm) isIn() bool { f.t.Helper(); return f.cookie("ory_kratos_session") != "" }

// code changes the form into the form of the code.
func (f plainForm) code(code string) {
	for _, name := range []string{"identifier", "password"} {
		f.fields.Del(name)
	}
	f.fields.Set("two_factor.code", code)
}

// The page's form lets nobody in who would not get in without it.
func TestTheFormOfThePageIsNoWayAround(t *testing.T) {
	n := forBrowsers(t, "NIDAN_POLICIES_DIR="+officeOnly(t))
	by(t, origin)
	who := account(t, nil)
	fresh := func(t *testing.T) plainForm {
		t.Helper()
		n.t = t
		n.rested()
		return newPlainForm(n, who)
	}
	out := func(t *testing.T, f plainForm) {
		t.Helper()
		if f.isIn() {
			t.Error("somebody is in")
		}
	}
	t.Run("a lie about the address", func(t *testing.T) {
		f := fresh(t)
		f.sends(http.Header{"X-Forwarded-For": {"203.0.113.9"}, "True-Client-Ip": {"203.0.113.9"}, "X-Nidan-Signature": {"x"}})
		out(t, f)
		if got := n.seenAt(); got != trusted("127.0.0.1", true) {
			t.Errorf("seen at %s", got)
		}
	})
	t.Run("a payload of the client's own", func(t *testing.T) {
		f := fresh(t)
		f.fields.Set("transient_payload", `{"two_factor": {"client": {"name": "desk_phone"}}}`)
		f.fields.Set("two_factor.client", `{"name": "desk_phone"}`)
		f.sends(nil)
		out(t, f)
	})
	t.Run("a code without what was typed, and with what was typed in another flow", func(t *testing.T) {
		f := fresh(t)
		f.sends(nil)
		typed, right := f.cookie("nidan_typed"), n.codeOf(who)
		hidden.add(typed)
		if typed == "" {
			t.Fatal("the browser keeps nothing")
		}
		thief := newPlainForm(n, who)
		thief.code(right)
		thief.sends(nil)
		out(t, thief)
		thief.setCookie("nidan_typed", typed)
		thief.sends(nil)
		out(t, thief)
		if thief.leadsTo != "/login?flow="+thief.flow {
			t.Errorf("it leads to %s", thief.leadsTo)
		}
		// Another browser uses the right flow, with the token of the flow and the stolen cookie.
		thief.fields.Set("flow", f.flow)
		thief.fields.Set("csrf_token", f.fields.Get("csrf_token"))
		thief.sends(nil)
		out(t, thief)
		f.code(right)
		f.sends(nil)
		if !f.isIn() {
			t.Error("the right browser is not let in")
		}
		if f.cookie("nidan_typed") != "" {
			t.Error("what was typed is kept after the sign-in")
		}
	})
	t.Run("a form that another site sends, or without the flow's token", func(t *testing.T) {
		f := fresh(t)
		for _, header := range []http.Header{{"Origin": {"https://evil.example"}}, {"Sec-Fetch-Site": {"cross-site"}}, {"Origin": {"https://" + pagesAddress}}} {
			if status := f.sends(header); status != http.StatusForbidden {
				t.Errorf("%v: %d", header, status)
			}
		}
		f.fields.Set("csrf_token", "x")
		f.sends(nil)
		out(t, f)
	})
	t.Run("more than Kratos may be handed", func(t *testing.T) {
		f := fresh(t)
		for _, length := range []int{9 << 10, 70 << 10} {
			f.fields.Set("identifier", strings.Repeat("x", length))
			if status := f.sends(nil); status != http.StatusRequestEntityTooLarge {
				t.Errorf("%d bytes: %d", length, status)
			}
		}
		f = fresh(t)
		if status := f.sends(http.Header{"User-Agent": {strings.Repeat("x", 5000)}}); status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("a long header: %d", status)
		}
	})
	t.Run("a code entered twice", func(t *testing.T) {
		f := fresh(t)
		f.sends(nil)
		typed := f.cookie("nidan_typed")
		f.code(n.codeOf(who))
		f.sends(nil)
		if !f.isIn() {
			t.Fatal("nobody is in")
		}
		f.setCookie("ory_kratos_session", "")
		f.setCookie("nidan_typed", typed)
		f.sends(nil)
		out(t, f)
	})
	t.Run("what was typed, when its time is over", func(t *testing.T) {
		f := fresh(t)
		f.sends(nil)
		f.code(n.codeOf(who))
		n.later(11 * time.Minute) // the time of the code is over, too
		f.sends(nil)
		out(t, f)
	})
}
