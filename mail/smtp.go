package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// SMTP is the server that mails are handed to.
type SMTP struct {
	Host     string
	Port     int
	TLS      string // "starttls": mandatory, "implicit", or "none"
	Username string // empty: no AUTH
	Password string
	Timeout  time.Duration // for one mail, from the connection to the server's last word

	Connections int // mails handed over at once, at most

	CAFile string // PEM: certificates that are trusted besides those of the system; empty: none
	Helo   string // the name to say in EHLO; empty: this machine's
}

// idleFor is how long a conversation with the server is kept for the next mail. Servers end one after minutes.
const idleFor = 10 * time.Second

// errAway is the error of a conversation that could not be begun, which has nothing to do with the mail.
var errAway = errors.New("the mail server is not to be had")

// relay hands mails over to a server. It keeps conversations for a while: to begin one takes longer than to hand over a mail.
type relay struct {
	config  SMTP
	options []gomail.Option

	mu   sync.Mutex
	idle []conversation // the one that was used last comes last
	left bool           // another relay has taken its place: no conversation is kept
}

// conversation is one with the server, which goes over one connection.
type conversation struct {
	client *gomail.Client
	on     *smtp.Client
	used   time.Time
}

// endWithin bounds how long the server's last word is waited for.
const endWithin = 2 * time.Second

// end ends the conversation, and its connection even where the server says nothing.
func (c conversation) end() {
	if c.on.UpdateDeadline(endWithin) != nil || c.on.Quit() != nil {
		_ = c.on.Close()
	}
}

func newRelay(c SMTP) (*relay, error) {
	options, err := smtpOptions(c)
	if err != nil {
		return nil, err
	}
	if _, err := gomail.NewClient(c.Host, options...); err != nil {
		return nil, fmt.Errorf("set SMTP up: %w", err)
	}
	return &relay{config: c, options: options}, nil
}

func smtpOptions(c SMTP) ([]gomail.Option, error) {
	options := []gomail.Option{gomail.WithPort(c.Port), gomail.WithTimeout(c.Timeout)}
	switch c.TLS {
	case "starttls":
		// Mandatory: a server that does not offer it, or somebody on the way who hides the offer, gets nothing to read.
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case "implicit":
		options = append(options, gomail.WithSSL())
	case "none":
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("tls must be starttls, implicit or none, not %q", c.TLS)
	}
	if c.CAFile != "" {
		trusted, err := trustedBesides(c.CAFile)
		if err != nil {
			return nil, err
		}
		options = append(options, gomail.WithTLSConfig(&tls.Config{
			ServerName: c.Host, RootCAs: trusted, MinVersion: gomail.DefaultTLSMinVersion,
		}))
	}
	if c.Helo != "" {
		options = append(options, gomail.WithHELO(c.Helo))
	}
	if c.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(c.Username), gomail.WithPassword(c.Password))
	}
	return options, nil
}

// trustedBesides are the certificates of a file, and those of the system. A server's own certificate may be among them: it is trusted
// then, for the names in it.
func trustedBesides(path string) (*x509.CertPool, error) {
	encoded, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("mail.smtp.ca_file: cannot be read: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("read the certificates that the system trusts: %w", err)
	}
	if !pool.AppendCertsFromPEM(encoded) {
		return nil, fmt.Errorf("mail.smtp.ca_file: %s holds no certificate; write them as PEM, with BEGIN CERTIFICATE", path)
	}
	return pool, nil
}

// ask begins a conversation and ends it: connection, TLS, AUTH, QUIT.
func (r *relay) ask(ctx context.Context) error {
	c, err := r.begin(ctx)
	if err != nil {
		return r.discreet(err)
	}
	c.end() // what was to be known is known
	return nil
}

// discreet is the error of a conversation that could not be begun. A server may repeat what it does not take.
func (r *relay) discreet(err error) error {
	return fmt.Errorf("%w: %w", errAway, discreet{err: err, password: r.config.Password})
}

// hand hands one mail over. With a nil error the server has taken charge of it.
func (r *relay) hand(ctx context.Context, m *gomail.Msg) error {
	for {
		c, kept := r.kept()
		if !kept {
			var err error
			if c, err = r.begin(ctx); err != nil {
				return r.discreet(err)
			}
		}
		err := c.client.SendWithSMTPClient(c.on, m)
		switch {
		case m.IsDelivered(): // what fails afterwards is no longer about the mail
			r.keep(c, err)
			return nil
		case kept && ended(err):
			c.end() // by the server, meanwhile; nothing was said of the mail
		default:
			r.keep(c, err)
			return err
		}
	}
}

// ended says whether a conversation had ended before the mail was begun.
func ended(err error) bool {
	var e *gomail.SendError
	return errors.As(err, &e) && e.Reason == gomail.ErrConnCheck
}

func (r *relay) begin(ctx context.Context) (c conversation, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	if c.client, err = gomail.NewClient(r.config.Host, r.options...); err != nil {
		return c, err
	}
	c.on, err = c.client.DialToSMTPClientWithContext(ctx)
	return c, err
}

// kept is the conversation that was used last.
func (r *relay) kept() (c conversation, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.idle)
	if n == 0 {
		return c, false
	}
	c, r.idle = r.idle[n-1], r.idle[:n-1]
	return c, true
}

// keep keeps a conversation in which nothing went wrong.
func (r *relay) keep(c conversation, err error) {
	r.mu.Lock()
	kept := err == nil && !r.left
	if kept {
		c.used = time.Now()
		r.idle = append(r.idle, c)
	}
	r.mu.Unlock()
	switch {
	case kept:
	case err == nil || answered(err):
		c.end()
	default: // the server has said nothing in time, or nothing that makes sense
		_ = c.on.Close()
	}
}

// answered says whether an error is what the server has answered.
func answered(err error) bool {
	var e *gomail.SendError
	return errors.As(err, &e) && e.ErrorCode() != 0
}

// endIdle ends the conversations that have not been used for a while.
func (r *relay) endIdle(now time.Time) {
	r.mu.Lock()
	var old []conversation
	for len(r.idle) > 0 && now.Sub(r.idle[0].used) >= idleFor {
		old, r.idle = append(old, r.idle[0]), r.idle[1:]
	}
	r.mu.Unlock()
	for _, c := range old {
		c.end()
	}
}
