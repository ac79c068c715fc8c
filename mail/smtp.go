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

// SMTP is the server that sends the mails.
type SMTP struct {
	Host     string
	Port     int
	TLS      string // "starttls" (mandatory), "implicit" or "none"
	Username string // empty: no AUTH
	Password string
	Timeout  time.Duration // for each step: connecting, the server's greeting, the login, and one mail

	Connections int // maximum number of mails that are handed over at once

	CAFile string // PEM file of certificates that are trusted besides those of the system; empty: none
	Helo   string // name in EHLO; empty: this machine's name
}

// idleFor is how long an unused connection is kept for the next mail. Servers close an unused connection after some minutes.
const idleFor = 10 * time.Second

// errAway is the error when a connection could not be set up. It is not about the mail.
var errAway = errors.New("the mail server is not to be had")

// relay hands mails to a server. It keeps connections for a while, because setting one up takes longer than handing a mail over.
type relay struct {
	config  SMTP
	options []gomail.Option

	mu   sync.Mutex
	idle []conversation // the connection that was used last is the last one
	left bool           // another relay has replaced this one: it keeps no connections
}

// conversation is one SMTP session, on one connection.
type conversation struct {
	client *gomail.Client
	on     *smtp.Client
	used   time.Time
}

// endWithin is how long end waits for the server's answer to QUIT.
const endWithin = 2 * time.Second

// end ends the session. It closes the connection even if the server does not answer.
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
		// Mandatory: if the server does not offer STARTTLS, or an attacker on the network removes the offer, no mail is sent.
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

// trustedBesides returns the certificates that the system trusts, and those of a file. The file may contain a server's own
// certificate; it is then trusted for the names in it.
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

// ask sets a connection up and ends it: connection, TLS, AUTH, QUIT.
func (r *relay) ask(ctx context.Context) error {
	c, err := r.begin(ctx)
	if err != nil {
		return r.discreet(err)
	}
	c.end() // setting the connection up was the check
	return nil
}

// discreet returns the error when a connection could not be set up, without the password: a server may repeat what it does not
// accept.
func (r *relay) discreet(err error) error {
	return fmt.Errorf("%w: %w", errAway, discreet{err: err, password: r.config.Password})
}

// hand hands one mail to the server. If the error is nil, the server has accepted the mail.
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
		case m.IsDelivered(): // an error after this is not about the mail
			r.keep(c, err)
			return nil
		case kept && ended(err):
			c.end() // the server had closed the connection before the mail began; try another one
		default:
			r.keep(c, err)
			return err
		}
	}
}

// ended says whether the connection had ended before the mail began.
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

// kept returns the idle connection that was used last.
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

// keep keeps a connection for the next mail if there was no error. Otherwise it ends the connection.
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
	default: // the server did not answer in time, or its answer could not be understood
		_ = c.on.Close()
	}
}

// answered says whether the error is an SMTP answer of the server.
func answered(err error) bool {
	var e *gomail.SendError
	return errors.As(err, &e) && e.ErrorCode() != 0
}

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
