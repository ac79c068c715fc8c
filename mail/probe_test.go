package mail

import (
	"cmp"
	"strings"
	"testing"
)

func TestAMailServerIsAskedWithoutAMail(t *testing.T) {
	for what, tc := range map[string]struct {
		server                        *server
		startTLS                      bool
		tls, username, password, host string
		want                          string // reason; empty: the server can be used
	}{
		"one that is as it should be":         {server: &server{username: "u", password: "correct"}, startTLS: true, tls: "starttls", username: "u", password: "correct"},
		"one without STARTTLS":                {server: &server{}, tls: "starttls", want: ReasonTLS},
		"one with another name's certificate": {server: &server{}, startTLS: true, tls: "starttls", host: "127.0.0.1", want: ReasonTLS},
		"one that takes another password":     {server: &server{username: "u", password: "correct"}, startTLS: true, tls: "starttls", username: "u", password: "not-that-one", want: ReasonAuth},
	} {
		t.Run(what, func(t *testing.T) {
			c := tc.server.listen(t, tc.startTLS, false)
			c.TLS, c.Username, c.Password, c.Host = tc.tls, tc.username, tc.password, cmp.Or(tc.host, c.Host)
			trouble, err := Ask(t.Context(), c)
			switch {
			case err != nil || (trouble == nil) != (tc.want == ""):
				t.Fatalf("got %+v, %v", trouble, err)
			case trouble != nil && (trouble.Reason != tc.want || strings.Contains(trouble.Err.Error(), "not-that-one")):
				t.Errorf("got %s: %v", trouble.Reason, trouble.Err)
			}
			if got := tc.server.received(); len(got) > 0 {
				t.Errorf("it got mails: %q", got)
			}
		})
	}
	closed := (&server{}).listen(t, false, false)
	closed.Port, closed.TLS = 1, "none"
	if trouble, err := Ask(t.Context(), closed); err != nil || trouble == nil || trouble.Reason != ReasonUnreachable {
		t.Errorf("a closed port: %+v, %v", trouble, err)
	}
}

func TestATestMailHoldsNoCode(t *testing.T) {
	s := &server{}
	c := s.listen(t, false, false)
	c.TLS = "none"
	if err := SendTest(t.Context(), config(c), "admin@example.com"); err != nil {
		t.Fatal(err)
	}
	got := s.received()
	if len(got) != 1 || !strings.Contains(got[0], "no verification code in it.") || !strings.Contains(got[0], "Auto-Submitted: auto-generated") {
		t.Errorf("got %q", got)
	}
	for _, to := range []string{"", "nobody", "a@b\r\nBcc: c@d"} {
		if err := SendTest(t.Context(), config(c), to); err == nil {
			t.Errorf("%q is taken for an address", to)
		}
	}
	unknown := (&server{unknown: true}).listen(t, false, false)
	unknown.TLS = "none"
	if err := SendTest(t.Context(), config(unknown), "agent@example.com"); err == nil || strings.Contains(err.Error(), "agent") {
		t.Errorf("a mailbox that is not there: %v", err)
	}
}
