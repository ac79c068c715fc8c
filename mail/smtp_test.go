package mail

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"nidan/brand"
)

// certificate is the certificate for localhost that all servers in these tests use.
var certificate tls.Certificate

// TestMain makes a certificate, and makes this process trust it as an operator would: by adding it to the system's certificates.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "nidan-mail-")
	if err == nil {
		err = trustedCertificate(filepath.Join(dir, "ca.pem"))
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func trustedCertificate(path string) (err error) {
	var encoded []byte
	if certificate, encoded, err = newCertificate(true); err != nil {
		return err
	}
	if err := os.WriteFile(path, encoded, 0o600); err != nil {
		return err
	}
	return os.Setenv("SSL_CERT_FILE", path)
}

// newCertificate makes a self-signed certificate for localhost, and also returns it as PEM.
func newCertificate(authority bool) (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{"localhost"}, IsCA: authority, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, encoded, nil
}

// server is a mail server that behaves as the test says.
type server struct {
	username, password string                     // empty: the server does not require AUTH
	login              bool                       // the server offers AUTH LOGIN instead of PLAIN
	refuse             int                        // how many mails the server refuses before it accepts one
	unknown            bool                       // the server refuses every receiver, and repeats the address
	filter             bool                       // the server refuses every mail, and quotes from it
	hang               chan struct{}              // the server answers mails only after this is closed
	hangUp             bool                       // the server closes the connection soon after it has accepted a mail
	reached            chan struct{}              // if not nil: gets a value when a mail arrives
	certificate        *tls.Certificate           // nil: a certificate that is trusted
	answers            map[string]*smtp.SMTPError // answers to MAIL, RCPT or DATA, instead of accepting

	mu     sync.Mutex
	mails  []string
	secure []bool // for each mail: whether it arrived over TLS
	heard  strings.Builder
	port   int
	begun  int // sessions that have begun
	over   int // sessions that have ended
}

// listen starts the server: on plain TCP, with or without STARTTLS, or on TLS.
func (s *server) listen(t *testing.T, startTLS, implicitTLS bool) SMTP {
	t.Helper()
	backend := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.begun++
		return &session{server: s, conn: c}, nil
	}))
	backend.Domain, backend.Debug = "localhost", s
	tlsConfig := &tls.Config{Certificates: []tls.Certificate{certificate}}
	if s.certificate != nil {
		tlsConfig.Certificates[0] = *s.certificate
	}
	if startTLS {
		backend.TLSConfig = tlsConfig
	}
	l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", s.port)) // port 0: any free port
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	if implicitTLS {
		l = tls.NewListener(l, tlsConfig)
	}
	go backend.Serve(l)
	t.Cleanup(func() { backend.Close() })
	return SMTP{Host: "localhost", Port: s.port, TLS: "none", Timeout: 5 * time.Second, Connections: 8}
}

// Write collects everything that is sent on the wire.
func (s *server) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard.Write(p)
}

func (s *server) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard.String()
}

func (s *server) received() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.mails...)
}

// answer returns the answer to a command that the test has set.
func (s *server) answer(command string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.answers[command]; err != nil {
		return err
	}
	return nil
}

type session struct {
	server *server
	conn   *smtp.Conn
	known  bool
}

func (s *session) AuthMechanisms() []string {
	if s.server.username == "" {
		return nil
	}
	if s.server.login {
		return []string{sasl.Login}
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	if s.server.login {
		return &loginServer{check: s.check}, nil
	}
	return sasl.NewPlainServer(func(_, username, password string) error { return s.check(username, password) }), nil
}

func (s *session) check(username, password string) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if username != s.server.username || password != s.server.password {
		return smtp.ErrAuthFailed
	}
	s.known = true
	return nil
}

// loginServer is the server's side of AUTH LOGIN, which asks for the user name and then for the password.
type loginServer struct {
	said  []string
	check func(username, password string) error
}

// Next implements [sasl.Server].
func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if response != nil {
		l.said = append(l.said, string(response))
	}
	switch len(l.said) {
	case 0:
		return []byte("Username:"), false, nil
	case 1:
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.said[0], l.said[1])
}

func (s *session) Mail(string, *smtp.MailOptions) error {
	if s.server.username != "" && !s.known {
		return smtp.ErrAuthRequired
	}
	return s.server.answer("MAIL")
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.server.unknown {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no mailbox <" + to + "> here"}
	}
	return s.server.answer("RCPT")
}

func (s *session) Data(r io.Reader) error {
	if s.server.reached != nil {
		s.server.reached <- struct{}{}
	}
	if s.server.hang != nil {
		<-s.server.hang
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if err := s.server.answers["DATA"]; err != nil {
		return err
	}
	if s.server.filter {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "AGENT is sent 123456: spam"}
	}
	if s.server.refuse > 0 {
		s.server.refuse--
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
	}
	_, secure := s.conn.TLSConnectionState()
	if s.server.hangUp {
		defer time.AfterFunc(50*time.Millisecond, func() { s.conn.Close() })
	}
	s.server.mails, s.server.secure = append(s.server.mails, string(raw)), append(s.server.secure, secure)
	return nil
}

func (s *session) Reset() {}
func (s *session) Logout() error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.over++
	return nil
}

func config(s SMTP) Config {
	texts, err := Texts()
	if err != nil {
		panic(err) // the texts are embedded in the program
	}
	return Config{From: "Nidan <nidan@example.com>", Brand: brand.Brand{Name: "Nidan"}, Texts: texts, CodeHost: "login.example.com", SMTP: s}
}

func TestConversations(t *testing.T) {
	for name, tc := range map[string]struct {
		server                *server
		startTLS, implicitTLS bool
		tls                   string
		username, password    string
		host                  string // empty: the host in the certificate
		want                  string // part of the error; empty: the mail arrives
	}{
		"plain, where it is configured":           {server: &server{}, tls: "none"},
		"STARTTLS":                                {server: &server{}, startTLS: true, tls: "starttls"},
		"no STARTTLS offered: nothing is sent":    {server: &server{}, tls: "starttls", want: "STARTTLS"},
		"TLS from the start":                      {server: &server{}, implicitTLS: true, tls: "implicit"},
		"TLS from the start, with a plain server": {server: &server{}, tls: "implicit", want: "tls"},
		"a password": {server: &server{username: "u", password: "correct"}, startTLS: true, tls: "starttls",
			username: "u", password: "correct"},
		"a wrong password": {server: &server{username: "u", password: "correct"}, startTLS: true, tls: "starttls",
			username: "u", password: "not-that-one", want: "uth"},
		"AUTH LOGIN, where that is all there is": {server: &server{username: "u", password: "correct", login: true},
			implicitTLS: true, tls: "implicit", username: "u", password: "correct"},
		"a wrong password with AUTH LOGIN": {server: &server{username: "u", password: "correct", login: true},
			implicitTLS: true, tls: "implicit", username: "u", password: "not-that-one", want: "uth"},
		"a password that was not configured": {server: &server{username: "u", password: "correct"}, startTLS: true,
			tls: "starttls", want: "authenticate"},
		"a password without TLS: it is not sent": {server: &server{username: "u", password: "correct"}, tls: "none",
			username: "u", password: "correct", want: "uth"},
		"STARTTLS with a certificate of another name": {server: &server{}, startTLS: true, tls: "starttls",
			host: "127.0.0.1", want: "certificate"},
		"TLS with a certificate of another name": {server: &server{}, implicitTLS: true, tls: "implicit",
			host: "127.0.0.1", want: "certificate"},
		"a server that refuses for now":           {server: &server{refuse: 1}, tls: "none", want: "later"},
		"a server that does not know the mailbox": {server: &server{unknown: true}, tls: "none", want: "no mailbox <***@example.com>"},
		"a server that quotes the mail":           {server: &server{filter: true}, tls: "none", want: "*** is sent ***: spam"},
	} {
		t.Run(name, func(t *testing.T) {
			c := tc.server.listen(t, tc.startTLS, tc.implicitTLS)
			c.TLS, c.Username, c.Password, c.Host = tc.tls, tc.username, tc.password, cmp.Or(tc.host, c.Host)
			s, err := newSender(config(c))
			if err != nil {
				t.Fatal(err)
			}
			err = s.send(t.Context(), message("en", 10*time.Minute), "123456")
			if tc.want == "" {
				if err != nil || len(tc.server.received()) != 1 {
					t.Fatalf("%d mails, %v", len(tc.server.received()), err)
				}
				if tc.server.secure[0] != (tc.tls != "none") {
					t.Errorf("over TLS: %v", tc.server.secure[0])
				}
				return
			}
			if tc.tls != "none" && strings.Contains(tc.server.said(), "123456") {
				t.Error("the code went over the wire")
			}
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(tc.want)) {
				t.Fatalf("got error %v, want one with %q", err, tc.want)
			}
			for _, secret := range []string{"123456", "agent", "correct", "not-that-one"} {
				if strings.Contains(strings.ToLower(err.Error()), secret) {
					t.Errorf("the error repeats %q: %v", secret, err)
				}
			}
		})
	}
}

func TestAServerThatHangsIsGivenUp(t *testing.T) {
	hanging := &server{hang: make(chan struct{})}
	c := hanging.listen(t, false, false)
	t.Cleanup(func() { close(hanging.hang) })
	c.Timeout = time.Second
	s, err := newSender(config(c))
	if err != nil {
		t.Fatal(err)
	}
	err = s.send(t.Context(), message("ja", time.Minute), "123456")
	if err == nil || !strings.Contains(err.Error(), "timeout") || errors.Is(err, errAway) {
		t.Errorf("got %v, want a time-out", err)
	}
}

func TestNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	s, err := newSender(config(SMTP{Host: "127.0.0.1", Port: port, TLS: "none", Timeout: time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	var refused *net.OpError
	if err := s.send(t.Context(), message("ja", time.Minute), "123456"); !errors.As(err, &refused) || !errors.Is(err, errAway) {
		t.Errorf("got %v", err)
	}
}

func TestWhatCannotBeConfigured(t *testing.T) {
	good := config(SMTP{Host: "localhost", Port: 25, TLS: "none", Timeout: time.Second})
	for name, change := range map[string]func(*Config){
		"an unknown kind of TLS":      func(c *Config) { c.SMTP.TLS = "maybe" },
		"a sender that is no address": func(c *Config) { c.From = "nobody" },
		"a brand with a line break":   func(c *Config) { c.Brand.Name = "Nidan\r\nBcc: x@example.com" },
		"a host with a line break":    func(c *Config) { c.CodeHost = "a\n#000000" },
		"no time to send in":          func(c *Config) { c.SMTP.Timeout = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			change(&c)
			if _, err := newSender(c); err == nil {
				t.Error("accepted")
			}
		})
	}
	if _, err := newSender(good); err != nil {
		t.Errorf("without a fault: %v", err)
	}
}

func TestAConversationIsKeptForTheNextMail(t *testing.T) {
	for name, tc := range map[string]struct {
		server *server
		wait   time.Duration
		begun  int
	}{
		"one after the other":                        {&server{}, 0, 1},
		"where the server has ended it meanwhile":    {&server{hangUp: true}, 200 * time.Millisecond, 3},
		"not where the server has refused one":       {&server{refuse: 1}, 0, 2},
		"not where it has not been used for a while": {&server{}, idleFor, 3},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := newSender(config(tc.server.listen(t, true, false)))
			if err != nil {
				t.Fatal(err)
			}
			refused := 0
			for range 3 {
				if s.send(t.Context(), message("ja", time.Minute), "123456") != nil {
					refused++
				}
				if tc.wait < idleFor {
					time.Sleep(tc.wait)
				} else {
					s.relay.Load().endIdle(time.Now().Add(tc.wait))
				}
			}
			if got := len(tc.server.received()) + refused; got != 3 || tc.server.begun != tc.begun {
				t.Errorf("%d mails in %d conversations, want 3 in %d", got, tc.server.begun, tc.begun)
			}
		})
	}
}

// A session that has lasted longer than the timeout of one mail has passed its deadline. Its connection must be closed all the same.
func TestNoConnectionIsLeftOfAConversationThatHasEnded(t *testing.T) {
	server := &server{}
	c := server.listen(t, false, false)
	c.Timeout = 200 * time.Millisecond
	s, err := newSender(config(c))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.send(t.Context(), message("ja", time.Minute), "123456"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * c.Timeout)
	s.relay.Load().endIdle(time.Now().Add(idleFor))
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		server.mu.Lock()
		over := server.over
		server.mu.Unlock()
		if over == 1 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the connection is there still")
		}
	}
}
