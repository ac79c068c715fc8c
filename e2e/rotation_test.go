package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	smtpserver "github.com/emersion/go-smtp"
)

// lock is a mail server that asks for a password, and passes the mails that it accepts on to the mailbox. It speaks only TLS.
type lock struct {
	port, certificate string // port, and file of its certificate
	mailbox           string // host:port

	mu       sync.Mutex
	password string
	on       []*smtpserver.Conn
}

func newLock(t *testing.T, mailbox, password string) *lock {
	t.Helper()
	l := &lock{mailbox: mailbox, password: password, certificate: filepath.Join(t.TempDir(), "ca.pem")}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, l.certificate, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	_, l.port, _ = net.SplitHostPort(listener.Addr().String())
	server := smtpserver.NewServer(smtpserver.BackendFunc(func(c *smtpserver.Conn) (smtpserver.Session, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.on = append(l.on, c)
		return &lockSession{lock: l}, nil
	}))
	server.Domain = "localhost"
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return l
}

// change makes the server ask for another password, and ends the open conversations.
func (l *lock) change(password string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.password = password
	for _, c := range l.on {
		c.Conn().Close()
	}
	l.on = nil
}

func (l *lock) takes(username, password string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if username != "mailer" || password != l.password {
		return smtpserver.ErrAuthFailed
	}
	return nil
}

type lockSession struct {
	lock     *lock
	known    bool
	from, to string
}

func (s *lockSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *lockSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		err := s.lock.takes(username, password)
		s.known = err == nil
		return err
	}), nil
}

func (s *lockSession) Mail(from string, _ *smtpserver.MailOptions) error {
	if !s.known {
		return smtpserver.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *lockSession) Rcpt(to string, _ *smtpserver.RcptOptions) error { s.to = to; return nil }
func (s *lockSession) Reset()                                          {}
func (s *lockSession) Logout() error                                   { return nil }

func (s *lockSession) Data(r io.Reader) error {
	mail, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return smtp.SendMail(s.lock.mailbox, nil, s.from, []string{s.to}, mail)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// rotating is a Nidan whose secrets, tokens and password are in files. Kratos' calls reach it with one of these tokens.
type rotating struct {
	*nidan
	lock *lock
}

func (r *rotating) file(name string) string { return filepath.Join(r.dir, name) }

// give writes new contents into the files.
func (r *rotating) give(secrets, tokens, password string) {
	r.t.Helper()
	for _, given := range []string{secrets, tokens, password} {
		hidden.add(strings.Split(given, "\n")...)
	}
	write(r.t, r.file("secrets"), secrets)
	write(r.t, r.file("tokens"), tokens)
	write(r.t, r.file("password"), password+"\n")
}

// readAgain makes Nidan read the files again, and waits for a text in its log.
func (r *rotating) readAgain(says string) {
	r.t.Helper()
	before := strings.Count(r.log.String(), says)
	r.tell(syscall.SIGHUP)
	r.eventually("it says: "+says, func() bool { return strings.Count(r.log.String(), says) > before })
}

var (
	oldSecret, newSecret = strings.Repeat("old-secret-", 4), strings.Repeat("new-secret-", 4)
	newToken             = rand.Text() + rand.Text()
)

func startedRotating(t *testing.T) *rotating {
	t.Helper()
	n := newNidanOn(t, shared{})
	n.openMailbox()
	r := &rotating{n, newLock(t, n.smtp, "old-password")}
	r.give(oldSecret, hookToken, "old-password")
	for i, v := range n.env {
		for _, key := range []string{"NIDAN_SECRETS=", "NIDAN_HOOKS_TOKENS="} {
			if strings.HasPrefix(v, key) {
				n.env[i] = "UNUSED="
			}
		}
	}
	n.env = append(n.env, "NIDAN_SECRETS_FILE="+r.file("secrets"), "NIDAN_HOOKS_TOKENS_FILE="+r.file("tokens"),
		"NIDAN_MAIL_SMTP_PASSWORD_FILE="+r.file("password"), "NIDAN_MAIL_SMTP_USERNAME=mailer", "NIDAN_MAIL_SMTP_HOST=localhost",
		"NIDAN_MAIL_SMTP_PORT="+r.lock.port, "NIDAN_MAIL_SMTP_TLS=implicit", "SSL_CERT_FILE="+r.lock.certificate)
	n.start()
	return r
}

const taken = `msg="the configuration was read anew" taken=`

// Everything is rotated while codes are out: the holder of one has got it; the other one waits to be mailed, because the password is wrong.
func TestSecretsTokensAndPasswordRotateWithoutARestart(t *testing.T) {
	r := startedRotating(t)
	mailed, waiting := newSignIn(t, account(t, nil)), newSignIn(t, account(t, nil))
	mailed.expect("code_sent", 1990001, nil)
	first := r.code(1)

	r.lock.change("new-password")
	waiting.expect("code_sent", 1990001, nil)
	r.eventually("the old password is refused", func() bool { return strings.Contains(r.log.String(), "no mail can be sent") })

	r.give(newSecret+"\n"+oldSecret+"\n", newToken+"\n"+hookToken+"\n", "new-password")
	r.readAgain(taken + `"secrets, hooks.tokens, mail.smtp.password"`)
	second := r.code(2) // sealed with the old secret, mailed with the new password
	mailed.expectIn(code(first))
	waiting.expectIn(code(second))

	// New codes are made with the new secret, so the old secret can go.
	third := newSignIn(t, account(t, nil))
	third.expect("code_sent", 1990001, nil)
	newest := r.code(3)
	r.give(newSecret, newToken+"\n"+hookToken+"\n", "new-password")
	r.readAgain(taken + "secrets")
	third.expectIn(code(newest))

	// At last, the old token goes.
	plain := account(t, off)
	newSignIn(t, plain).expectIn(nil)
	r.give(newSecret, newToken, "new-password")
	r.readAgain(taken + "hooks.tokens")
	newSignIn(t, plain).expectOut(nil) // Kratos still presents the old token
	if status := r.called(hookToken); status != http.StatusUnauthorized {
		t.Errorf("the old token: %d", status)
	}
	if status := r.called(newToken); status == http.StatusUnauthorized {
		t.Errorf("the new token: %d", status)
	}
}

// called returns the status of a call with this token.
func (r *rotating) called(token string) int {
	r.t.Helper()
	status, _, err := ask(r.t.Context(), http.MethodPost, r.hooks+"/hooks/login/after-password", "{}", http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		r.t.Fatal(err)
	}
	return status
}

// If a secret is removed too early, nobody gets in with a code that was made with it.
func TestWhatWasMadeWithADroppedSecretIsRefused(t *testing.T) {
	r := startedRotating(t)
	s := newSignIn(t, account(t, nil))
	s.expect("code_sent", 1990001, nil)
	right := r.code(1)
	r.give(newSecret, hookToken, "old-password")
	r.readAgain(taken + "secrets")
	got := s.expectOut(code(right))
	t.Logf("the answer is %s", got.state())
	if got.state() == "" {
		t.Error("the person is not told what to do")
	}
	r.give(oldSecret, hookToken, "old-password") // with the old secret again, the code is valid again
	r.readAgain(taken + "secrets")
	s.expectIn(code(right))
}

func TestFilesThatAreNotRightChangeNothing(t *testing.T) {
	r := startedRotating(t)
	plain := account(t, off)
	for name, bad := range map[string][3]string{
		"a short secret":          {"short-secret", newToken, "new-password"},
		"no token":                {newSecret, "", "new-password"},
		"a token among secrets":   {newSecret + "\n" + newToken, newToken, "new-password"},
		"no password for a user":  {newSecret, newToken, ""},
		"three tokens":            {newSecret, newToken + "\n" + newToken + "1\n" + newToken + "2", "new-password"},
		"a token with a space in": {newSecret, "new token " + newToken, "new-password"},
	} {
		t.Run(name, func(t *testing.T) {
			r.give(bad[0], bad[1], bad[2])
			r.readAgain("is not right, and changes nothing")
			newSignIn(t, plain).expectIn(nil)
			if status := r.called(newToken); status != http.StatusUnauthorized {
				t.Errorf("the new token: %d", status)
			}
		})
	}
	for _, hidden := range []string{"short-secret", newSecret, newToken, "new-password", "old-password", oldSecret, hookToken} {
		if strings.Contains(r.log.String(), hidden) {
			t.Errorf("the log holds %s", hidden)
		}
	}
}

// The configuration file is read again as well. Values from the environment still come first.
func TestTheConfigurationFileIsReadAgain(t *testing.T) {
	n := newNidanOn(t, shared{})
	n.openMailbox()
	path := filepath.Join(n.dir, "nidan.yml")
	config := "hooks: {tokens: [%q]}\nsecrets: [%q]\nlog: {format: %s}\n"
	write(t, path, fmt.Sprintf(config, hookToken, oldSecret, "text"))
	for i, v := range n.env {
		if strings.HasPrefix(v, "NIDAN_HOOKS_TOKENS=") { // the secrets stay in the environment
			n.env[i] = "UNUSED="
		}
	}
	n.arguments = []string{"--config", path}
	n.start()
	r := &rotating{nidan: n}
	write(t, path, fmt.Sprintf(config, newToken, newSecret, "json"))
	r.readAgain(`msg="keys have changed that need a restart" keys=log.format`)
	if !strings.Contains(n.log.String(), taken+"hooks.tokens\n") {
		t.Errorf("the secrets of the environment do not count, or the token is not taken:\n%s", n.log)
	}
	if status := r.called(newToken); status == http.StatusUnauthorized {
		t.Errorf("the new token: %d", status)
	}
}
