package e2e

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// postfix is a real Postfix with folders and a port of its own. It asks for TLS, a name with a dot in EHLO, and a user name and password. At
// example.com, it knows the receivers whose names begin with "test-". It passes their mails on to a mailbox.
type postfix struct {
	t       *testing.T
	dir     string
	port    string
	mailbox string // where it passes mails on, host:port
	ca      string // the file of the authority for its certificate
}

const (
	postfixUser     = "nidan"
	postfixPassword = "postfix-password-2026"
)

const postfixMain = `compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/data
maillog_file = DIR/log
maillog_file_prefixes = DIR
myhostname = mail.example.net
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
relay_domains = example.com
relay_recipient_maps = regexp:DIR/etc/receivers
relay_transport = smtp:[127.0.0.1]:RELAY
fast_flush_domains =
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = DIR/etc/cert.pem
smtpd_tls_key_file = DIR/etc/key.pem
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:AUTH
smtpd_helo_required = yes
smtpd_helo_restrictions = reject_non_fqdn_helo_hostname
smtpd_sender_login_maps = inline:{{nidan@example.net = nidan}, {boss@example.net = boss}}
smtpd_sender_restrictions = reject_sender_login_mismatch
smtpd_relay_restrictions = permit_sasl_authenticated, reject
`

const postfixMaster = `127.0.0.1:PORT inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`

// newPostfix prepares a Postfix. [postfix.up] starts it.
func newPostfix(t *testing.T) *postfix {
	t.Helper()
	dir, err := os.MkdirTemp("", "nidan-postfix-") // the name is short: the paths of Postfix's sockets must be short
	if err != nil {
		t.Fatal(err)
	}
	p := &postfix{t: t, dir: dir, port: fmt.Sprint(freePort()), mailbox: freeAddress()}
	t.Cleanup(func() { p.asRoot("rm", "-rf", dir) })
	_, relay, _ := net.SplitHostPort(p.mailbox)
	set := strings.NewReplacer("DIR", dir, "PORT", p.port, "RELAY", relay, "AUTH", postfixAuth(t))
	etc := filepath.Join(dir, "etc")
	files := map[string][]byte{
		"main.cf": []byte(set.Replace(postfixMain)), "master.cf": []byte(set.Replace(postfixMaster)), "receivers": []byte("/^test-/ known\n"),
	}
	files["cert.pem"], files["key.pem"] = p.certificate()
	for _, folder := range []string{dir, etc, filepath.Join(dir, "queue")} {
		_ = os.Mkdir(folder, 0o755)
		if err := os.Chmod(folder, 0o755); err != nil { // Postfix's own users go through these folders
			t.Fatal(err)
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(etc, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.asRoot("chmod", "644", filepath.Join(etc, "main.cf"), filepath.Join(etc, "master.cf"), filepath.Join(etc, "receivers"))
	p.asRoot("install", "-d", "-o", "postfix", "-m", "700", filepath.Join(dir, "data"))
	p.asRoot("chown", "-R", "root", etc, filepath.Join(dir, "queue"))
	return p
}

// certificate makes a certificate, which is also in the file p.ca.
func (p *postfix) certificate() (cert, key []byte) {
	p.t.Helper()
	made, ca := certificate(p.t)
	p.ca = ca
	der, err := x509.MarshalPKCS8PrivateKey(made.Certificates[0].PrivateKey)
	if err == nil {
		cert, err = os.ReadFile(ca)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// up starts Postfix. Postfix ends with down, or with the test.
func (p *postfix) up() {
	p.t.Helper()
	p.asRoot("postfix", "-c", filepath.Join(p.dir, "etc"), "start")
	p.t.Cleanup(func() {
		if c, err := net.Dial("tcp", "127.0.0.1:"+p.port); err == nil {
			c.Close()
			p.down()
		}
	})
}

func (p *postfix) down() {
	p.t.Helper()
	p.asRoot("postfix", "-c", filepath.Join(p.dir, "etc"), "stop")
}

// asRoot runs a program as root, as Postfix requires. If another user runs the tests, this user needs sudo without a password, like for
// .ci/setup.
func (p *postfix) asRoot(command ...string) {
	p.t.Helper()
	if os.Getuid() != 0 {
		command = append([]string{"sudo", "-n"}, command...)
	}
	run := exec.Command(command[0], command[1:]...)
	run.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin") // Debian keeps Postfix out of the path of all users but root
	if run.Err != nil {
		run = &exec.Cmd{Path: "/usr/sbin/" + command[0], Args: command, Env: run.Env}
	}
	out := &bytes.Buffer{}
	run.Stdout, run.Stderr = out, out
	if err := run.Run(); err != nil {
		log, _ := os.ReadFile(filepath.Join(p.dir, "log"))
		p.t.Fatalf("%v: %v\n%s%s", command, err, out, log)
	}
}

// postfixAuth starts a server that Postfix asks about names and passwords, in Dovecot's authentication protocol. It returns the address.
func postfixAuth(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go authenticate(c)
		}
	}()
	return l.Addr().String()
}

func authenticate(c net.Conn) {
	defer c.Close()
	fmt.Fprint(c, "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t00000000000000000000000000000000\nDONE\n")
	right := "resp=" + base64.StdEncoding.EncodeToString([]byte("\x00"+postfixUser+"\x00"+postfixPassword))
	for said := bufio.NewScanner(c); said.Scan(); {
		switch words := strings.Split(said.Text(), "\t"); {
		case words[0] != "AUTH":
		case words[len(words)-1] == right:
			fmt.Fprintf(c, "OK\t%s\tuser=%s\n", words[1], postfixUser)
		default:
			fmt.Fprintf(c, "FAIL\t%s\tuser=%s\n", words[1], postfixUser)
		}
	}
}
