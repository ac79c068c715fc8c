package e2e

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// What a mail server can do.
const (
	well        = iota
	away        // it accepts no connection
	later       // it accepts no mail, for now (4xx)
	slow        // each answer takes a second
	hangsUp     // it ends the conversation in the middle of a mail
	untrustable // its certificate is of an unknown authority
)

// postOffice is a mail server with TLS in front of the mailbox. A test tells it what to do.
type postOffice struct {
	does   atomic.Int32
	behind string // the mailbox, host:port
	good   *tls.Config
	bad    *tls.Config

	mu   sync.Mutex
	open map[net.Conn]bool
}

// now tells it what to do from now on. It ends the open conversations: those that Nidan keeps open would go on as if nothing were wrong.
func (p *postOffice) now(does int32) {
	p.does.Store(does)
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

func (p *postOffice) keep(c net.Conn, open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if open {
		p.open[c] = true
	} else {
		delete(p.open, c)
	}
}

// openPostOffice listens at the address to which Nidan hands mails, and returns the file of the authority for its certificate.
func openPostOffice(t *testing.T, address, behind string) (*postOffice, string) {
	t.Helper()
	good, ca := certificate(t)
	bad, _ := certificate(t)
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &postOffice{behind: behind, good: good, bad: bad, open: make(map[net.Conn]bool)}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p, ca
}

func certificate(t *testing.T) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, file
}

func (p *postOffice) serve(plain net.Conn) {
	defer plain.Close()
	p.keep(plain, true)
	defer p.keep(plain, false)
	does := func() int32 { return p.does.Load() }
	if does() == away {
		return
	}
	config := p.good
	if does() == untrustable {
		config = p.bad
	}
	client := tls.Server(plain, config)
	if client.Handshake() != nil {
		return
	}
	mailbox, err := net.Dial("tcp", p.behind)
	if err != nil {
		return
	}
	defer mailbox.Close()
	go func() {
		defer plain.Close()
		for answers := bufio.NewScanner(mailbox); answers.Scan(); {
			if does() == slow {
				time.Sleep(time.Second)
			}
			if _, err := fmt.Fprintf(client, "%s\r\n", answers.Text()); err != nil {
				return
			}
		}
	}()
	inMail := false
	for said := bufio.NewScanner(client); said.Scan(); {
		line := said.Text()
		switch {
		case does() == later && strings.HasPrefix(line, "RCPT "):
			fmt.Fprint(client, "451 4.3.0 later\r\n")
			continue
		case does() == hangsUp && inMail:
			return
		}
		inMail = inMail && line != "." || line == "DATA"
		if _, err := fmt.Fprintf(mailbox, "%s\r\n", line); err != nil {
			return
		}
	}
}

func TestWhateverHappensToTheMailServer(t *testing.T) {
	for name, does := range map[string]int32{
		"it is away":                          away,
		"it takes no mail, for now":           later,
		"it is slow":                          slow,
		"it hangs up in the middle of a mail": hangsUp,
		"nobody vouches for its certificate":  untrustable,
	} {
		t.Run(name, func(t *testing.T) {
			behind := freeAddress()
			n := newNidanOn(t, shared{})
			office, ca := openPostOffice(t, n.smtp, behind)
			n.smtp = behind
			n.openMailbox()
			n.env = append(n.env, "NIDAN_MAIL_SMTP_TLS=implicit", "SSL_CERT_FILE="+ca)
			n.start()
			f := begin(n, 6)
			n.eventually("people get in", func() bool { return f.let.Load() > 10 })
			office.now(does)
			time.Sleep(4 * time.Second)
			office.now(well)
			n.isBack()
			f.stop()
			n.mailed()
			var given int
			err := n.database().QueryRowContext(t.Context(), `SELECT count(*) FROM records WHERE kind = 'mail_given_up'`).Scan(&given)
			if err != nil || given != 0 {
				t.Errorf("%d mails were given up, %v", given, err)
			}
		})
	}
}
