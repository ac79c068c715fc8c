package mail

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-message/mail"

	"nidan/challenge"
)

// read composes a mail, and reads it as a mail program does.
func read(t *testing.T, locale, brand string, validFor time.Duration) (header mail.Header, text, html string) {
	t.Helper()
	return readMessage(t, brand, message(locale, validFor))
}

func message(locale string, validFor time.Duration) challenge.Message {
	return challenge.Message{Locale: locale, To: "agent@example.com", ValidFor: validFor}
}

func readMessage(t *testing.T, brand string, about challenge.Message) (header mail.Header, text, html string) {
	t.Helper()
	header, text, html, _ = readWith(t, func(c *Config) { c.Brand.Name = brand }, about)
	return header, text, html
}

// readWith also returns the images in the mail, with their headers.
func readWith(t *testing.T, change func(*Config), about challenge.Message) (header mail.Header, text, html string, images []*mail.Part) {
	t.Helper()
	c := config(SMTP{Host: "localhost", Port: 25, TLS: "none", Timeout: time.Second})
	change(&c)
	s, err := newSender(c)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.compose(about, "012345")
	if err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	if _, err := m.WriteTo(&raw); err != nil {
		t.Fatal(err)
	}
	r, err := mail.CreateReader(&raw)
	if err != nil {
		t.Fatal(err)
	}
	for part, err := range parts(r) {
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		if _, err := body.ReadFrom(part.Body); err != nil {
			t.Fatal(err)
		}
		switch kind, _, _ := strings.Cut(part.Header.Get("Content-Type"), ";"); kind {
		case "text/html":
			html = body.String()
		case "text/plain":
			text = strings.ReplaceAll(body.String(), "\r\n", "\n")
		default:
			images = append(images, &mail.Part{Header: part.Header, Body: &body})
		}
	}
	return r.Header, text, html, images
}

func parts(r *mail.Reader) func(func(*mail.Part, error) bool) {
	return func(yield func(*mail.Part, error) bool) {
		for {
			p, err := r.NextPart()
			if err != nil && err.Error() == "EOF" || !yield(p, err) || err != nil {
				return
			}
		}
	}
}

func TestTheMailTellsOfWrongCodes(t *testing.T) {
	for locale, say := range map[string]string{
		"ja": "2026-04-01 09:00 UTC 以降、このアカウントで誤った認証コードが4回入力されました。",
		"en": "Since 2026-04-01 09:00 UTC, 4 wrong verification codes were entered",
	} {
		about := message(locale, time.Minute)
		if _, text, html := readMessage(t, "Nidan", about); strings.Contains(text+html, "UTC") {
			t.Errorf("%s: it tells of none:\n%s\n%s", locale, text, html)
		}
		about.WrongCodes = challenge.WrongCodes{Count: 4, Since: time.Date(2026, 4, 1, 9, 0, 59, 0, time.UTC)}
		_, text, html := readMessage(t, "Nidan", about)
		if !strings.Contains(text, say) || !strings.Contains(html, say) || !strings.HasSuffix(text, "\n\n@login.example.com #012345\n") {
			t.Errorf("%s: got\n%s\n%s", locale, text, html)
		}
	}
}

func TestTheMail(t *testing.T) {
	for locale, want := range map[string]struct {
		subject string
		says    []string
	}{
		"ja": {"【Nidan】2段階認証 認証コードのご連絡", []string{"本メールはNidanサーバより自動で送信されております。",
			"2段階認証のための認証コードをご連絡します。", "認証コード(6桁)", "認証コードの有効期限は10分間です"}},
		"en": {"[Nidan] Your code for two-step verification", []string{"sent automatically by Nidan",
			"Verification code (6 digits)", "valid for 10 minutes"}},
	} {
		t.Run(locale, func(t *testing.T) {
			header, text, html := read(t, locale, "Nidan", 10*time.Minute)
			if got, err := header.Subject(); err != nil || got != want.subject {
				t.Errorf("subject %q, %v", got, err)
			}
			if got := header.Get("Auto-Submitted"); got != "auto-generated" {
				t.Errorf("Auto-Submitted: %q", got)
			}
			for _, name := range []string{"Date", "Message-Id", "From", "To"} {
				if header.Get(name) == "" {
					t.Errorf("no %s", name)
				}
			}
			if got := header.Get("Message-Id"); !strings.HasSuffix(got, "@example.com>") {
				t.Errorf("Message-ID %s is not of the sender's domain", got)
			}
			for _, say := range want.says {
				if !strings.Contains(text, say) || !strings.Contains(html, say) {
					t.Errorf("text and HTML do not both say %q:\n%s\n%s", say, text, html)
				}
			}
			if !strings.HasSuffix(text, "\n@login.example.com #012345\n") {
				t.Errorf("the text does not end with the line that fills the code in:\n%s", text)
			}
			if !strings.Contains(html, "@login.example.com #012345") || !strings.Contains(html, `lang="`+locale+`"`) {
				t.Errorf("the HTML lacks the last line or its language:\n%s", html)
			}
			if !strings.Contains(text, "\n\n012345\n\n") {
				t.Errorf("the code does not stand alone on a line:\n%s", text)
			}
			got := regexp.MustCompile(`\d{6,}`).FindAllString(text, -1)
			if !slices.Equal(got, []string{"012345", "012345"}) {
				t.Errorf("the text's long numbers are %q, want the code, and again in the last line", got)
			}
		})
	}
}

func TestABrandIsTextOnly(t *testing.T) {
	_, _, html := read(t, "ja", `<script>alert("x")</script>`, time.Minute)
	if strings.Contains(html, "<script>") {
		t.Errorf("it runs:\n%s", html)
	}
}

func TestAReceiverCannotAddHeaders(t *testing.T) {
	s, err := newSender(config(SMTP{Host: "localhost", Port: 25, TLS: "none", Timeout: time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com", "nobody", ""} {
		if _, err := s.compose(challenge.Message{Locale: "ja", To: to, ValidFor: time.Minute}, "123456"); err == nil {
			t.Errorf("%q is taken for one address", to)
		} else if strings.Contains(err.Error(), "example.com") {
			t.Errorf("the error repeats the address: %v", err)
		}
	}
}

func TestOneMinuteIsNotMinutes(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Minute: "valid for 1 minute.", 2 * time.Minute: "valid for 2 minutes.",
	} {
		_, text, html := read(t, "en", "Nidan", d)
		if !strings.Contains(text, want) || !strings.Contains(html, want) {
			t.Errorf("text and HTML do not both say %q:\n%s\n%s", want, text, html)
		}
	}
}

func TestMinutesAreRoundedUp(t *testing.T) {
	for d, want := range map[time.Duration]int{
		0: 1, time.Second: 1, time.Minute: 1, time.Minute + 1: 2, 10 * time.Minute: 10,
	} {
		if got := minutes(d); got != want {
			t.Errorf("%v: %d minutes, want %d", d, got, want)
		}
	}
}
