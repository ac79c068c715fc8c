package mail

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/mail"

	gomail "github.com/wneessen/go-mail"
)

// Ask checks whether a mail server can be used: connection, TLS, user name and password. It sends no mail. It returns the trouble, or
// nil if it found none; a server may still refuse a mail.
func Ask(ctx context.Context, c SMTP) (*Trouble, error) {
	r, err := newRelay(c)
	if err != nil {
		return nil, err
	}
	if err := r.ask(ctx); err != nil {
		return &Trouble{Reason: whyAway(err), Err: err}, nil
	}
	return nil, nil
}

// SendTest sends a mail without a code to an address, in both languages. If the error is nil, the server has accepted the mail.
func SendTest(ctx context.Context, c Config, to string) error {
	s, err := newSender(c)
	if err != nil {
		return err
	}
	if _, err := mail.ParseAddress(to); err != nil {
		return errNoAddress
	}
	ja, en := words{Brand: c.Brand.Name, texts: c.Texts["ja"]}, words{Brand: c.Brand.Name, texts: c.Texts["en"]}
	m := gomail.NewMsg()
	if err := m.From(c.From); err != nil {
		return fmt.Errorf("write the sender: %w", err)
	}
	if err := m.To(to); err != nil {
		return errNoAddress
	}
	m.Subject(ja.Say("test_subject") + " / " + en.Say("test_subject"))
	m.SetDate()
	m.SetMessageIDWithValue(rand.Text() + "@" + s.domain)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(gomail.TypeTextPlain, ja.Say("test")+"\n\n"+en.Say("test")+"\n")
	r := s.relay.Load()
	defer r.leave()
	if err := r.hand(ctx, m); err != nil {
		return fmt.Errorf("hand the mail to the server: %w", discreet{err: err, to: to, password: c.SMTP.Password})
	}
	return nil
}
