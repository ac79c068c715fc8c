package mail

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"net/mail"
	"strings"
	"sync/atomic"
	"time"

	gomail "github.com/wneessen/go-mail"

	"nidan/brand"
	"nidan/challenge"
)

// Config says how mails look and which server sends them.
type Config struct {
	From     string // RFC 5322 address, with or without a display name
	Brand    brand.Brand
	Texts    map[string]map[string]string // by language and name; see [Texts]
	CodeHost string                       // host of the sign-in page: mail programs fill the code in on this host only
	SMTP     SMTP
	// Watch is called at each try to send a message. The function that it returns is called with the reason of the failure (see
	// [Trouble] and the records), or with an empty reason if the message was sent. Watch may be nil.
	Watch func(context.Context, challenge.Message) (context.Context, func(reason string))
}

// errNoAddress is the error of a mail whose receiver is not a valid e-mail address.
var errNoAddress = errors.New("write the receiver: not an e-mail address")

// sender composes mails, and hands them to one server.
type sender struct {
	config    Config
	domain    string // domain of the sender's address
	templates templates
	relay     atomic.Pointer[relay]
}

func newSender(c Config) (*sender, error) {
	if strings.ContainsAny(c.Brand.Name+c.CodeHost, "\r\n") {
		return nil, errors.New("brand and host must not have line breaks")
	}
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("read the sender's address: %w", err)
	}
	t, err := loadTemplates()
	if err != nil {
		return nil, err
	}
	relay, err := newRelay(c.SMTP)
	if err != nil {
		return nil, err
	}
	domain := from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	s := &sender{config: c, domain: domain, templates: t}
	s.relay.Store(relay)
	if _, err := s.compose(challenge.Message{Locale: "ja", To: "nobody@example.com", ValidFor: time.Minute}, ""); err != nil {
		return nil, err
	}
	return s, nil
}

// send hands one mail to the server. If the error is nil, the server has accepted the mail.
func (s *sender) send(ctx context.Context, about challenge.Message, code string) error {
	m, err := s.compose(about, code)
	if err != nil {
		return err
	}
	relay := s.relay.Load()
	if err := relay.hand(ctx, m); err != nil {
		return fmt.Errorf("hand the mail to the server: %w", discreet{err: err, to: about.To, code: code, password: relay.config.Password})
	}
	return nil
}

func (s *sender) compose(about challenge.Message, code string) (*gomail.Msg, error) {
	w := s.words(about, code)
	m := gomail.NewMsg()
	if err := m.From(s.config.From); err != nil {
		return nil, fmt.Errorf("write the sender: %w", err)
	}
	if err := m.To(about.To); err != nil {
		return nil, errNoAddress // the library's error repeats the address
	}
	m.Subject(w.Say("subject"))
	m.SetDate()
	m.SetMessageIDWithValue(rand.Text() + "@" + s.domain) // the library would use this machine's name
	m.SetGenHeader("Auto-Submitted", "auto-generated")    // RFC 3834 §5: automatic responders do not answer such a mail
	if logo := s.config.Brand.Logo; inMails(logo) {
		if err := m.EmbedReader("logo.png", bytes.NewReader(logo.Content), gomail.WithFileContentID("<"+s.logoID()+">")); err != nil {
			return nil, fmt.Errorf("put the logo in: %w", err)
		}
		w.Logo = htmltemplate.URL("cid:" + s.logoID()) // RFC 2392
	}
	if err := m.SetBodyTextTemplate(s.templates.text, w); err != nil {
		return nil, fmt.Errorf("write the text: %w", err)
	}
	if err := m.AddAlternativeHTMLTemplate(s.templates.html, w); err != nil {
		return nil, fmt.Errorf("write the HTML: %w", err)
	}
	return m, nil
}

func (s *sender) words(about challenge.Message, code string) words {
	locale := about.Locale
	if s.config.Texts[locale] == nil {
		locale = "ja"
	}
	w := words{
		Locale: locale, Brand: s.config.Brand.Name, Code: code, Length: len(code), Minutes: minutes(about.ValidFor), Host: s.config.CodeHost,
		WrongCodes: about.WrongCodes.Count, Since: about.WrongCodes.Since.UTC().Format("2006-01-02 15:04 UTC"),
		HelpURL: s.config.Brand.HelpURL, PrivacyURL: s.config.Brand.PrivacyURL, texts: s.config.Texts[locale],
	}
	if accent := s.config.Brand.Accent; accent != nil {
		w.Accent = accent.String()
	}
	return w
}

// inMails says whether a logo is put into mails. Mail programs do not show SVG images.
func inMails(logo *brand.Image) bool { return logo != nil && logo.Type == brand.PNG }

// logoID is the Content-ID of the logo without brackets. All mails may use the same ID, because they contain the same logo.
func (s *sender) logoID() string { return "logo@" + s.domain }
