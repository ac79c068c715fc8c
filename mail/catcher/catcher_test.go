package catcher

import (
	"encoding/json"
	"net"
	"net/http/httptest"
	"net/smtp"
	"strings"
	"testing"
)

// filled is a catcher that was sent these mails, oldest first.
func filled(t *testing.T, mails ...string) *Catcher {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := New()
	go c.Serve(l)
	t.Cleanup(func() { c.Close() })
	for _, m := range mails {
		if err := smtp.SendMail(l.Addr().String(), nil, "from@example.com", []string{"a@example.com", "b@example.com"},
			[]byte(strings.ReplaceAll(m, "\n", "\r\n"))); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

const twoParts = `Subject: =?UTF-8?B?6KqN6Ki844Kz44O844OJ?=
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=x

--x
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: quoted-printable

123456=E3=82=B3
--x
Content-Type: text/html; charset=UTF-8

<b>123456</b>
--x--
`

func get(t *testing.T, c *Catcher) (mails []map[string]string) {
	t.Helper()
	w := httptest.NewRecorder()
	c.JSON().ServeHTTP(w, httptest.NewRequest("GET", "/demo/mail.json", nil))
	if err := json.Unmarshal(w.Body.Bytes(), &mails); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if mails == nil {
		t.Errorf("not a list: %s", w.Body)
	}
	return mails
}

func TestMailsAreListedNewestFirst(t *testing.T) {
	if got := get(t, filled(t)); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	got := get(t, filled(t, twoParts, "Subject: second\n\nplain\n"))
	if len(got) != 2 || got[0]["subject"] != "second" || got[0]["text"] != "plain\n" {
		t.Fatalf("got %v", got)
	}
	first := got[1]
	if first["to"] != "a@example.com, b@example.com" || first["subject"] != "認証コード" || first["received_at"] == "" ||
		strings.TrimSpace(first["text"]) != "123456コ" || strings.TrimSpace(first["html"]) != "<b>123456</b>" {
		t.Errorf("got %v", first)
	}
}

func TestThePageShowsMailsAsText(t *testing.T) {
	c := filled(t, "Subject: <script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n")
	w := httptest.NewRecorder()
	c.Page().ServeHTTP(w, httptest.NewRequest("GET", "/demo/mail", nil))
	if page := w.Body.String(); strings.Contains(page, "<script>") || strings.Contains(page, "<img") || !strings.Contains(page, "onerror") {
		t.Errorf("a mail's text became markup:\n%s", page)
	}
}

func TestOldMailsAreForgotten(t *testing.T) {
	c := New()
	for range maxMessages + 5 {
		c.add(Message{})
	}
	if got := len(c.Messages()); got != maxMessages {
		t.Errorf("%d mails are kept", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(twoParts)
	f.Add("Content-Type: multipart/mixed; boundary=\"\"\n\n--\n")
	f.Add("Content-Type: text/plain; charset=nonsense\n\n\xff")
	f.Fuzz(func(t *testing.T, mail string) {
		m, err := parse(strings.NewReader(mail))
		if err != nil && m != (Message{}) {
			t.Errorf("an error came with %+v", m)
		}
	})
}
