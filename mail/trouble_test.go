package mail

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

func closedPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// foreign returns a server with a certificate that is not trusted here.
func foreign(t *testing.T) *server {
	t.Helper()
	c, _, err := newCertificate(true)
	if err != nil {
		t.Fatal(err)
	}
	return &server{certificate: &c}
}

func TestTheServerIsAskedBeforeTheFirstMail(t *testing.T) {
	for name, tc := range map[string]struct {
		server   *server
		startTLS bool
		tls      string
		password string
		away     bool
		reason   string // empty: there is no trouble
	}{
		"that takes mails":                     {server: &server{username: "u", password: "correct"}, startTLS: true, tls: "starttls", password: "correct"},
		"with a wrong password":                {server: &server{username: "u", password: "correct"}, startTLS: true, tls: "starttls", password: "wrong", reason: ReasonAuth},
		"with a password, which it offers not": {server: &server{}, startTLS: true, tls: "starttls", password: "correct", reason: ReasonAuth},
		"with an untrusted certificate":        {server: foreign(t), startTLS: true, tls: "starttls", reason: ReasonTLS},
		"without STARTTLS":                     {server: &server{}, tls: "starttls", reason: ReasonTLS},
		"without TLS from the start":           {server: &server{}, tls: "implicit", reason: ReasonTLS},
		"that is away":                         {server: &server{}, tls: "none", away: true, reason: ReasonUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			c := tc.server.listen(t, tc.startTLS, false)
			c.TLS = tc.tls
			if tc.password != "" {
				c.Username, c.Password = "u", tc.password
			}
			if tc.away {
				c.Port = closedPort(t)
			}
			s := newScene(t, c)
			s.start()
			if tc.reason == "" {
				s.asked()
				if s.queue.Trouble() != nil || s.queue.Away() {
					t.Errorf("the trouble is %+v", s.queue.Trouble())
				}
				if heard := tc.server.said(); strings.Contains(heard, "MAIL FROM") || !strings.Contains(heard, "QUIT") {
					t.Errorf("the server heard:\n%s", heard)
				}
				return
			}
			s.logs("no mail can be sent")
			got := s.queue.Trouble()
			if got == nil || got.Reason != tc.reason || !got.Away() || !s.queue.Away() {
				t.Errorf("the trouble is %+v, want one of %s", got, tc.reason)
			}
			if log := s.log.String(); !strings.Contains(log, "server="+c.Host+" port=") || !strings.Contains(log, "username="+c.Username) ||
				strings.Contains(log, "correct") || strings.Contains(log, "wrong") {
				t.Errorf("the log does not say which server, or says the password:\n%s", log)
			}
		})
	}
}

// If the console shows a trouble that is over, administrators search for a problem that is not there.
func TestATroubleEndsAlthoughNobodySignsIn(t *testing.T) {
	port := closedPort(t)
	s := newScene(t, SMTP{Host: "127.0.0.1", Port: port, TLS: "none", Timeout: time.Second, Connections: 5})
	s.start()
	s.logs("no mail can be sent")
	(&server{port: port}).listen(t, false, false)
	s.advance(askEvery - 2*time.Second)
	time.Sleep(2 * lookEvery)
	if s.queue.Trouble() == nil {
		t.Error("with nobody waiting, the server is asked all the time")
	}
	s.advance(2 * time.Second)
	s.logs("mails can be sent again")
	if s.queue.Trouble() != nil {
		t.Errorf("there still is trouble: %+v", s.queue.Trouble())
	}
}

// Many servers lock a user out after some wrong passwords.
func TestAServerThatDoesNotTakeThePasswordIsAskedLessOften(t *testing.T) {
	srv := &server{username: "u", password: "correct"}
	c := srv.listen(t, true, false)
	c.TLS, c.Username, c.Password = "starttls", "u", "wrong"
	s := newScene(t, c)
	s.start()
	s.logs("no mail can be sent")
	begun := func() int {
		srv.mu.Lock()
		defer srv.mu.Unlock()
		return srv.begun
	}
	first := begun()
	s.advance(askAuthEvery - time.Second)
	time.Sleep(2 * lookEvery)
	if got := begun(); got != first {
		t.Errorf("within a minute, it is asked %d times more", got-first)
	}
	s.advance(time.Second)
	// A session sends EHLO twice, the second time within TLS. Closing the server in between would be a data race in its library.
	for end := time.Now().Add(10 * time.Second); begun() < first+2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it is not asked again after a minute")
		}
	}
}

func TestATroubleOfAnotherKindIsTold(t *testing.T) {
	port := closedPort(t)
	srv := foreign(t)
	s := newScene(t, SMTP{Host: "localhost", Port: port, TLS: "starttls", Timeout: time.Second, Connections: 5})
	s.start()
	s.logs("no mail can be sent")
	since := s.queue.Trouble().Since
	srv.port = port
	srv.listen(t, true, false)
	s.advance(askEvery)
	s.logs("certificate")
	if got := s.queue.Trouble(); got.Reason != ReasonTLS || !got.Since.Equal(since) {
		t.Errorf("the trouble is %+v, and began at %v", got, since)
	}
}

// A server that accepts no mail keeps this trouble until it accepts a mail. An answer to a check alone does not end the trouble.
func TestARefusalOfAllMailsEndsWithAMailThatIsTaken(t *testing.T) {
	srv := answering("MAIL", 550, smtp.EnhancedCode{5, 7, 1}, "not you")
	s := newScene(t, srv.listen(t, false, false))
	s.start()
	s.submitFor("one")
	s.recorded(1)
	s.submitFor("two")
	s.recorded(2)
	if got := s.queue.Trouble(); got == nil || got.Reason != ReasonRefused || s.queue.Away() {
		t.Errorf("the trouble is %+v", got)
	}
	if n := strings.Count(s.log.String(), "takes no mails"); n != 1 {
		t.Errorf("it is told %d times:\n%s", n, s.log)
	}
	srv.mu.Lock()
	srv.answers = map[string]*smtp.SMTPError{"RCPT": {Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody"}}
	srv.mu.Unlock()
	s.submitFor("three")
	s.recorded(3)
	if s.queue.Trouble() == nil {
		t.Error("a mail that is refused has ended the trouble")
	}
	srv.mu.Lock()
	srv.answers = nil
	srv.mu.Unlock()
	s.submitFor("four")
	s.recorded(4)
	if s.queue.Trouble() != nil {
		t.Errorf("there still is trouble: %+v", s.queue.Trouble())
	}
	s.logs("mails can be sent again")
}

// Some servers answer the first try of a mail with "later". Only a refusal that goes on is reported as a trouble.
func TestAServerThatPutsMailsOffIsToldOfAtTheThirdTry(t *testing.T) {
	for name, tc := range map[string]struct {
		refuse  int
		trouble bool
	}{"twice": {2, false}, "three times": {3, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each test waits for some tries
			srv := &server{refuse: tc.refuse}
			s := newScene(t, srv.listen(t, false, false))
			s.start()
			s.submit("")
			s.recorded(1)
			if told := strings.Contains(s.log.String(), "takes no mails"); told != tc.trouble {
				t.Errorf("told: %v\n%s", told, s.log)
			}
			if s.queue.Trouble() != nil {
				t.Errorf("there still is trouble: %+v", s.queue.Trouble())
			}
		})
	}
}

func TestAFileOfCertificatesIsTrustedBesidesTheSystems(t *testing.T) {
	authority, encoded, err := newCertificate(true)
	if err != nil {
		t.Fatal(err)
	}
	own, ownEncoded, err := newCertificate(false)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		server    *server
		file      []byte
		implicit  bool
		otherName bool
		refused   bool
	}{
		"an authority of one's own":           {server: &server{certificate: &authority}, file: encoded},
		"with TLS from the start":             {server: &server{certificate: &authority}, file: encoded, implicit: true},
		"the server's own certificate":        {server: &server{certificate: &own}, file: ownEncoded},
		"one of several":                      {server: &server{certificate: &own}, file: append(append([]byte{}, encoded...), ownEncoded...)},
		"the system's, still":                 {server: &server{}, file: encoded},
		"but not what is not in it":           {server: &server{certificate: &authority}, file: ownEncoded, refused: true},
		"nor what is in it, for another name": {server: &server{certificate: &authority}, file: encoded, otherName: true, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := tc.server.listen(t, !tc.implicit, tc.implicit)
			c.TLS = map[bool]string{false: "starttls", true: "implicit"}[tc.implicit]
			if tc.otherName {
				c.Host = "127.0.0.1"
			}
			c.CAFile = filepath.Join(t.TempDir(), "ca.pem")
			if err := os.WriteFile(c.CAFile, tc.file, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := newSender(config(c))
			if err != nil {
				t.Fatal(err)
			}
			err = s.send(t.Context(), message("en", time.Minute), "123456")
			if (err != nil) != tc.refused || tc.refused && causeOf(err).reason != ReasonTLS {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAFileOfCertificatesThatCannotBeUsedIsRefusedByName(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{empty: "holds no certificate", filepath.Join(t.TempDir(), "missing.pem"): "no such file"} {
		_, err := newSender(config(SMTP{Host: "localhost", Port: 25, TLS: "starttls", Timeout: time.Second, CAFile: path}))
		if err == nil || !strings.Contains(err.Error(), "mail.smtp.ca_file: ") || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v", err)
		}
	}
}

func TestTheNameThatIsSaidInEHLO(t *testing.T) {
	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for helo, want := range map[string]string{"": machine, "nidan.example.com": "nidan.example.com"} {
		srv := &server{}
		c := srv.listen(t, false, false)
		c.Helo = helo
		s, err := newSender(config(c))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.send(t.Context(), message("en", time.Minute), "123456"); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(srv.said(), "EHLO "+want+"\r\n") {
			t.Errorf("the server heard:\n%s", srv.said())
		}
	}
}
