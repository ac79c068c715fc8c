package kratos

import (
	"net/http"
	"testing"
)

func TestTheSessionThatAnAnswerBegins(t *testing.T) {
	f := NewFrontend("http://x", "ory_kratos_session")
	for name, tc := range map[string]struct {
		cookies []string
		want    string // the session cookie; empty: the answer begins no session
	}{
		"nothing is set":                  {nil, ""},
		"other cookies":                   {[]string{"csrf_token_1=a; Path=/", "session=b"}, ""},
		"the session's, among others":     {[]string{"csrf_token_1=a; Path=/", "ory_kratos_session=s==; Path=/; Max-Age=86400; HttpOnly"}, "ory_kratos_session=s=="},
		"one that ends the session":       {[]string{"ory_kratos_session=s; Path=/; Max-Age=0"}, ""},
		"an empty one, which is no proof": {[]string{"ory_kratos_session=; Path=/"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			begun := f.Begun(http.Header{"Set-Cookie": tc.cookies})
			got := ""
			if begun != nil {
				got = begun.Header.Get("Cookie")
			}
			if got != tc.want {
				t.Errorf("got %q", got)
			}
		})
	}
}
