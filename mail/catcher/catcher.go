package catcher

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // decodes mails in other character sets than UTF-8
	"github.com/emersion/go-smtp"
)

const (
	maxMessages  = 1000    // when more mails arrive, the oldest ones are deleted
	maxSize      = 1 << 20 // bytes of one mail
	maxReceivers = 100     // receivers of one mail
	maxDepth     = 10      // levels of nested parts: parsing thousands of levels takes minutes
)

// Message is a mail that arrived.
type Message struct {
	To         string    `json:"to"` // the envelope's receivers, separated by ", "
	Subject    string    `json:"subject"`
	Text       string    `json:"text"`
	HTML       string    `json:"html"`
	ReceivedAt time.Time `json:"received_at"`
}

// Catcher is the mail server. Its methods may be called concurrently.
type Catcher struct {
	server *smtp.Server

	mu       sync.Mutex
	messages []Message // newest first
}

// New returns a catcher without mails.
func New() *Catcher {
	c := &Catcher{}
	c.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{catcher: c}, nil
	}))
	c.server.Domain = "localhost"
	c.server.MaxMessageBytes, c.server.MaxRecipients = maxSize, maxReceivers
	c.server.ReadTimeout, c.server.WriteTimeout = 30*time.Second, 30*time.Second
	return c
}

// Serve receives mail on l until Close.
func (c *Catcher) Serve(l net.Listener) error {
	if err := c.server.Serve(l); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
		return fmt.Errorf("take mail: %w", err)
	}
	return nil
}

// Close ends Serve, and closes the open connections.
func (c *Catcher) Close() error { return c.server.Close() }

// Messages returns the mails that arrived, newest first.
func (c *Catcher) Messages() []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Message{}, c.messages...)
}

func (c *Catcher) add(m Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages = append([]Message{m}, c.messages...)
	if len(c.messages) > maxMessages {
		c.messages = c.messages[:maxMessages]
	}
}

type session struct {
	catcher *Catcher
	to      []string
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	m, err := parse(r)
	if errors.Is(err, smtp.ErrDataTooLarge) {
		return smtp.ErrDataTooLarge
	}
	if err != nil {
		return &smtp.SMTPError{Code: 554, Message: "the mail cannot be read"}
	}
	m.To, m.ReceivedAt = strings.Join(s.to, ", "), time.Now().UTC()
	s.catcher.add(m)
	return nil
}

func (s *session) Reset()        { s.to = nil }
func (s *session) Logout() error { return nil }

// parse reads the subject, the first plain text part and the first HTML part of a mail. It ignores the other parts, such as
// attachments.
func parse(r io.Reader) (Message, error) {
	e, err := message.Read(r)
	if err != nil && !message.IsUnknownCharset(err) {
		return Message{}, fmt.Errorf("read a mail: %w", err)
	}
	var m Message
	if m.Subject, err = e.Header.Text("Subject"); err != nil {
		m.Subject = e.Header.Get("Subject")
	}
	err = e.Walk(func(path []int, part *message.Entity, err error) error {
		if len(path) > maxDepth {
			return errors.New("too many parts within parts")
		}
		if err != nil && !message.IsUnknownCharset(err) {
			return err
		}
		kind, _, err := part.Header.ContentType()
		if err != nil || strings.HasPrefix(kind, "multipart/") {
			return nil
		}
		body, err := io.ReadAll(io.LimitReader(part.Body, maxSize))
		if err != nil {
			return err
		}
		switch shown := strings.ReplaceAll(string(body), "\r\n", "\n"); {
		case kind == "text/plain" && m.Text == "":
			m.Text = shown
		case kind == "text/html" && m.HTML == "":
			m.HTML = shown
		}
		return nil
	})
	if err != nil {
		return Message{}, fmt.Errorf("read a mail's parts: %w", err)
	}
	return m, nil
}
