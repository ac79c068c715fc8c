package catcher

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http/httptest"
	"net/smtp"
	"strings"
	"testing"
)

// filled returns a catcher that was sent these mails, oldest first.
func filled(t *testing.T, mails ...string) *Catcher {
	t.Helper()
	c, address := serving(t)
	for _, m := range mails {
		if err := send(address, m); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// serving returns a running catcher and its address. The test fails if the catcher ends with an error when it is closed.
func serving(t *testing.T) (c *Catcher, address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c = New()
	ended := make(chan error)
	go func() { ended <- c.Serve(l) }()
	t.Cleanup(func() {
		c.Close()
		l.Close() // if Close came before Serve had registered the listener
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return c, l.Addr().String()
}

func send(address, mail string) error {
	return smtp.SendMail(address, nil, "from@example.com", []string{"a@example.com", "b@example.com"},
		[]byte(strings.ReplaceAll(mail, "\n", "\r\n")))
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
	page := w.Body.String()
	if strings.Contains(page, "<script>") || strings.Contains(page, "<img") || !strings.Contains(page, "onerror") {
		t.Errorf("a mail's text became markup:\n%s", page)
	}
	for _, want := range []string{"a@example.com, b@example.com", "<time datetime=", `http-equiv="refresh" content="3"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

func TestThePageSpeaksTheReadersLanguage(t *testing.T) {
	for name, tc := range map[string]struct{ target, accepts, lang, says string }{
		"the one in the address":             {"/?lang=en", "ja", "en", "No mail has arrived yet."},
		"and that is Japanese too":           {"/?lang=ja", "en", "ja", "メールはまだ届いていません。"},
		"else what the browser prefers":      {"/", "fr, en-GB;q=0.8, ja;q=0.5", "en", "No mail has arrived yet."},
		"else Japanese":                      {"/", "", "ja", "メールはまだ届いていません。"},
		"one that is not there is no matter": {"/?lang=%22%3E%3Cb%3E", "en", "en", "No mail has arrived yet."},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", tc.target, nil)
			r.Header.Set("Accept-Language", tc.accepts)
			w := httptest.NewRecorder()
			New().Page().ServeHTTP(w, r)
			page := w.Body.String()
			if !strings.Contains(page, `<html lang="`+tc.lang+`">`) || !strings.Contains(page, tc.says) {
				t.Errorf("the page is not in %s:\n%s", tc.lang, page)
			}
		})
	}
}

func TestWhatCannotBeKeptIsRefused(t *testing.T) {
	c, address := serving(t)
	for name, tc := range map[string]struct{ mail, want string }{
		"a mail over 1 MiB":     {"Subject: big\n\n" + strings.Repeat(strings.Repeat("a", 98)+"\n", 1<<20/100+1000), "552"},
		"a mail without an end": {"Content-Type: multipart/mixed; boundary=x\n\n--x\n\ntext\n", "554"},
		"parts a hundred deep":  {nested(100), "554"},
		"what is not a mail":    {"no header\n\ntext\n", "554"},
	} {
		t.Run(name, func(t *testing.T) {
			err := send(address, tc.mail)
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
	if got := c.Messages(); len(got) != 0 {
		t.Errorf("%d mails are kept", len(got))
	}
	if err := send(address, nested(3)); err != nil {
		t.Errorf("and then no ordinary one is taken: %v", err)
	}
}

func nested(depth int) string {
	mail := "\ntext\n"
	for i := range depth {
		mail = fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d.\n\n--b%[1]d.\n%s\n--b%[1]d.--\n", i, mail)
	}
	return mail
}

func TestAnAttachmentDoesNotHideTheText(t *testing.T) {
	m, err := parse(strings.NewReader("Content-Type: multipart/mixed; boundary=x\n\n--x\n\nthe text\n--x\n\nnotes.txt\n--x--\n"))
	if err != nil || m.Text != "the text" {
		t.Errorf("got %q, %v", m.Text, err)
	}
}

func TestOtherCharacterSetsAreRead(t *testing.T) {
	m, err := parse(strings.NewReader("Subject: =?ISO-2022-JP?B?GyRCRyc+WhsoQg==?=\n" +
		"Content-Type: text/plain; charset=ISO-2022-JP\n\n\x1b$BG'>Z\x1b(B\n"))
	if err != nil || m.Subject != "認証" || m.Text != "認証\n" {
		t.Errorf("got %+v, %v", m, err)
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
	f.Add(nested(3))
	f.Add("Content-Type: text/plain; charset=nonsense\n\n\xff")
	f.Fuzz(func(t *testing.T, mail string) {
		m, err := parse(strings.NewReader(mail))
		if err != nil && m != (Message{}) {
			t.Errorf("an error came with %+v", m)
		}
	})
}
