package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"nidan/kratos"
)

// The English texts about the mail that people read.
const (
	readsSent        = "We sent a verification code to "
	readsWaiting     = "has not gone out yet"
	readsUndelivered = "could not be delivered to "
)

var inEnglish = map[string]any{"locale": "en"}

// behindPostfix starts a Nidan that hands its mails to a Postfix, with everything that this Postfix asks for. The changes are variables of the
// environment.
func behindPostfix(t *testing.T, p *postfix, changes ...string) *nidan {
	t.Helper()
	n := newNidan(t, append([]string{"NIDAN_MAIL_FROM=nidan@example.net",
		"NIDAN_MAIL_SMTP_PORT=" + p.port, "NIDAN_MAIL_SMTP_TLS=starttls", "NIDAN_MAIL_SMTP_CA_FILE=" + p.ca,
		"NIDAN_MAIL_SMTP_HELO=nidan.example.com", "NIDAN_MAIL_SMTP_USERNAME=" + postfixUser, "NIDAN_MAIL_SMTP_PASSWORD=" + postfixPassword,
	}, changes...)...)
	n.smtp = p.mailbox
	n.openMailbox()
	n.start()
	return n
}

// reads submits the flow until the answer has this state, these words, and this state of the mail.
func (s *signIn) reads(n *nidan, state, words, mail string) {
	s.t.Helper()
	var r reply
	n.eventually("the person reads "+words, func() bool {
		r = s.submit(inEnglish)
		return r.state() == state && strings.Contains(r.UI.Messages[0].Text, words) && r.UI.Messages[0].Context.Challenge.Mail == mail
	})
}

// outcome returns the only record about the end of a mail.
func (n *nidan) outcome() (kind, reason, detail string) {
	n.t.Helper()
	db := n.database()
	n.eventually("what became of the mail is on record", func() bool {
		return db.QueryRowContext(n.t.Context(), `SELECT kind, reason, coalesce(detail, '') FROM records WHERE kind LIKE 'mail_%'`).
			Scan(&kind, &reason, &detail) == nil
	})
	return kind, reason, detail
}

// some says whether at least one process answers with a text: the process that had the mail.
func (n *nidan) some(path, text string) func() bool {
	return func() bool {
		return slices.ContainsFunc(n.processes, func(p *process) bool {
			one := *n
			one.processes = []*process{p}
			return one.has(path, text)()
		})
	}
}

func TestPostfixTakesMails(t *testing.T) {
	p := newPostfix(t)
	p.up()
	n := behindPostfix(t, p)
	s := newSignIn(t, account(t, nil))
	if r := s.expect("code_sent", 1990001, inEnglish); !strings.Contains(r.UI.Messages[0].Text, readsSent) {
		t.Errorf("the person reads %q", r.UI.Messages[0].Text)
	}
	s.expectIn(code(n.code(1)))
	if !n.has("/readyz", "ready\n")() || n.some("/readyz", "mail:")() {
		t.Error("something is wrong at /readyz")
	}
	n.eventually("the metrics count it", n.some("/metrics", `nidan_mail_ended_total{end="sent"} 1`))
}

func TestPostfixRefusesAMailForGood(t *testing.T) {
	p := newPostfix(t)
	p.up()
	for name, tc := range map[string]struct {
		email   string // empty: as usual
		changes []string
		reason  string
		said    string
		all     bool // mails to everybody are refused
	}{
		"nobody has that mailbox": {email: "nobody@example.com", reason: "smtp_550", said: "User unknown"},
		"the name in EHLO has no dot": {changes: []string{"NIDAN_MAIL_SMTP_HELO=nidan"}, reason: "smtp_504", said: "need fully-qualified hostname",
			all: true},
		"the sender is somebody else's": {changes: []string{"NIDAN_MAIL_FROM=boss@example.net"}, reason: "smtp_553", said: "not owned by user",
			all: true},
		"no name and password are given": {changes: []string{"NIDAN_MAIL_SMTP_USERNAME=", "NIDAN_MAIL_SMTP_PASSWORD=", "NIDAN_MAIL_FROM=n@example.net"}, reason: "smtp_554",
			said: "denied", all: true},
	} {
		t.Run(name, func(t *testing.T) {
			n := behindPostfix(t, p, tc.changes...)
			who := account(t, func(a *kratos.Account) {
				if tc.email != "" {
					a.Email = tc.email
				}
			})
			s := newSignIn(t, who)
			s.expect("code_sent", 1990001, inEnglish)
			kind, reason, detail := n.outcome()
			if kind != "mail_refused" || reason != tc.reason || !strings.Contains(detail, tc.said) {
				t.Errorf("on record is %s %s %s", kind, reason, detail)
			}
			if told := n.log.String() + detail; strings.Contains(told, "nobody@") || strings.Contains(told, who+"@") {
				t.Errorf("the log or the record says whom the mail is for:\n%s", told)
			}
			s.reads(n, "code_expired", readsUndelivered, "failed")
			if r := s.submit(map[string]any{"action": "resend", "locale": "en"}); r.state() != "code_resent" {
				t.Errorf("asked for another code, Nidan answers %s", r.state())
			}
			if !n.has("/readyz", "ready\n")() || n.some("/readyz", ": refused\n")() != tc.all {
				t.Errorf("/readyz does not fit %v", tc.all)
			}
			n.eventually("the metrics count it", n.some("/metrics", `nidan_mail_ended_total{end="refused"} `))
			n.eventually("the metrics tell of the trouble", n.some("/metrics", fmt.Sprintf(`nidan_mail_trouble{reason="refused"} %d`, btoi(tc.all))))
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A wrong configuration is reported before the first person waits for a code.
func TestPostfixThatCannotBeSpokenToIsToldOfAtTheStart(t *testing.T) {
	p := newPostfix(t)
	p.up()
	for name, tc := range map[string]struct{ change, reason string }{
		"nobody vouches for its certificate": {"NIDAN_MAIL_SMTP_CA_FILE=", "tls"},
		"it does not take the password":      {"NIDAN_MAIL_SMTP_PASSWORD=another-one", "auth"},
	} {
		t.Run(name, func(t *testing.T) {
			n := behindPostfix(t, p, tc.change)
			n.eventually("/readyz tells", n.has("/readyz", ": "+tc.reason+"\n"))
			n.eventually("the metrics tell", n.has("/metrics", `nidan_mail_trouble{reason="`+tc.reason+`"} 1`))
			if log := n.log.String(); !strings.Contains(log, "no mail can be sent") || !strings.Contains(log, "port="+p.port) ||
				strings.Contains(log, "another-one") || strings.Contains(log, postfixPassword) {
				t.Errorf("the log does not say which server, or says the password:\n%s", log)
			}
			newSignIn(t, account(t, nil)).reads(n, "code_sent", readsWaiting, "waiting")
		})
	}
}

func TestPostfixGoesAwayAndComesBack(t *testing.T) {
	p := newPostfix(t)
	n := behindPostfix(t, p)
	n.eventually("/readyz tells", n.has("/readyz", ": unreachable\n"))
	s := newSignIn(t, account(t, nil))
	s.reads(n, "code_sent", readsWaiting, "waiting")
	p.up()
	s.reads(n, "code_sent", readsSent, "")
	s.expectIn(code(n.code(1)))
	n.eventually("/readyz tells no more", func() bool { return !n.some("/readyz", "mail:")() })
	n.eventually("the metrics tell no more", n.has("/metrics", `nidan_mail_trouble{reason="unreachable"} 0`))
	for _, once := range []string{"no mail can be sent", "mails can be sent again"} {
		if got := strings.Count(n.log.String(), once); got != len(n.processes) {
			t.Errorf("%q is logged %d times, and should be once by each of %d\n%s", once, got, len(n.processes), n.log)
		}
	}
}
