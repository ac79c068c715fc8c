package mail

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"nidan/challenge"
	"nidan/records"
)

func answering(command string, code int, enhanced smtp.EnhancedCode, said string) *server {
	return &server{answers: map[string]*smtp.SMTPError{command: {Code: code, EnhancedCode: enhanced, Message: said}}}
}

// endedWith waits for the record of the only mail.
func (s *scene) endedWith() records.Record {
	s.t.Helper()
	s.recorded(1)
	found, err := s.store.Records(s.t.Context(), records.Filter{})
	if err != nil || len(found) != 1 {
		s.t.Fatalf("recorded %+v, %v", found, err)
	}
	return found[0]
}

// countedAsRefused waits until this many mails are counted as refused. Mails are counted after they are recorded.
func (s *scene) countedAsRefused(want int64) {
	s.t.Helper()
	var got int64
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got = s.queue.Ended()["refused"]; got == want {
			return
		}
	}
	s.t.Errorf("%d mails are counted as refused, want %d", got, want)
}

// toldOfFailure submits the flow again. The person must be told that no code will come, and must get another code at once.
func (s *scene) toldOfFailure() {
	s.t.Helper()
	if out := s.submit(""); out.State != challenge.CodeExpired || out.Challenge.Mail != challenge.MailFailed {
		s.t.Errorf("the person is told %s of a mail that is %q", out.State, out.Challenge.Mail)
	}
	if out := s.submit(challenge.ActionResend); out.State != challenge.CodeResent || out.Challenge.Mail != "" {
		s.t.Errorf("asked for another code, Nidan answers %s, of a mail that is %q", out.State, out.Challenge.Mail)
	}
}

func TestAMailThatIsRefusedForGoodEndsAtOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		server  *server
		to      string
		reason  string
		detail  string
		trouble bool // mails to other receivers fail too, and the trouble is reported
		begun   int
	}{
		"nobody has that mailbox": {server: &server{unknown: true}, reason: "smtp_550", detail: "no mailbox <***@example.com> here", begun: 2},
		"the mailbox is known by another name": {server: answering("RCPT", 550, smtp.EnhancedCode{5, 1, 1}, "no <a.gent@inside.example.com>"),
			reason: "smtp_550", detail: "no <***@inside.example.com>", begun: 2},
		"a filter objects, and quotes": {server: &server{filter: true}, reason: "smtp_554", detail: "*** is sent", trouble: true, begun: 2},
		"the sender is refused": {server: answering("MAIL", 553, smtp.EnhancedCode{5, 7, 1}, "you are not that sender"),
			reason: "smtp_553", detail: "you are not that sender", trouble: true, begun: 2},
		"the HELO is refused, in answer to RCPT": {server: answering("RCPT", 504, smtp.EnhancedCode{5, 5, 2}, "need fully-qualified hostname"),
			reason: "smtp_504", detail: "need fully-qualified hostname", trouble: true, begun: 2},
		"AUTH is asked for, and none is configured": {server: &server{username: "u", password: "p"},
			reason: "smtp_502", detail: "authenticate", trouble: true, begun: 2},
		"the address is none": {server: &server{}, to: "agent at example", reason: "no_address", detail: "not an e-mail address", begun: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, tc.server.listen(t, false, false))
			if tc.to != "" {
				s.to = tc.to
			}
			s.start()
			s.asked()
			id := s.submit("").Challenge.ID
			got := s.endedWith()
			if got.Kind != recordRefused || got.Reason != tc.reason || got.Challenge != id || !strings.Contains(string(got.Detail), jsonText(tc.detail)) {
				t.Errorf("recorded %+v with %s, want %s and %q", got, got.Detail, tc.reason, tc.detail)
			}
			if trouble := s.queue.Trouble(); (trouble != nil) != tc.trouble || tc.trouble && (trouble.Reason != ReasonRefused || trouble.Away()) {
				t.Errorf("the trouble is %+v", trouble)
			}
			tc.server.mu.Lock()
			if tc.server.begun != tc.begun {
				t.Errorf("%d conversations, want %d: the one that asks, and one for the mail", tc.server.begun, tc.begun)
			}
			tc.server.mu.Unlock()
			if told := s.log.String() + string(got.Detail); strings.Contains(strings.ToLower(told), "agent") || strings.Contains(told, s.codeOf(id)) {
				t.Errorf("the log or the record says whom it is for, or the code: %s", told)
			}
			if strings.Contains(s.log.String(), "takes no mails") != tc.trouble {
				t.Errorf("whether it is told that the server takes no mails at all:\n%s", s.log)
			}
			s.countedAsRefused(1)
			s.toldOfFailure()
		})
	}
}

// jsonText returns a text as it stands in the JSON of a record.
func jsonText(s string) string { return strings.NewReplacer("<", `\u003c`, ">", `\u003e`).Replace(s) }

func TestWhichRefusalsAreOfTheReceiverAlone(t *testing.T) {
	for _, tc := range []struct {
		command  string
		code     int
		enhanced string
		reason   string
		final    bool
		others   bool
	}{
		{"RCPT", 550, "5.1.1", "smtp_550", true, false},
		{"RCPT", 550, "5.1.10", "smtp_550", true, false},
		{"RCPT", 452, "4.2.2", "smtp_452", false, false},
		{"DATA", 552, "5.2.2", "smtp_552", true, false},
		{"RCPT", 550, "", "smtp_550", true, false},
		{"RCPT", 450, "", "smtp_450", false, false},
		{"MAIL", 550, "", "smtp_550", true, true},
		{"MAIL", 550, "5.1.7", "smtp_550", true, true},
		{"RCPT", 550, "5.1.8", "smtp_550", true, true},
		{"RCPT", 550, "5.1.0", "smtp_550", true, true}, // Postfix sends this for a refused sender
		{"RCPT", 554, "5.7.1", "smtp_554", true, true},
		{"RCPT", 554, "", "smtp_554", true, true},
		{"RCPT", 504, "", "smtp_504", true, true},
		{"DATA", 554, "5.6.0", "smtp_554", true, true},
		{"DATA", 451, "4.3.0", "smtp_451", false, true},
		{"MAIL", 421, "", "smtp_421", false, true},
	} {
		t.Run(fmt.Sprintf("%s %d %s", tc.command, tc.code, tc.enhanced), func(t *testing.T) {
			enhanced := smtp.NoEnhancedCode
			if tc.enhanced != "" {
				if _, err := fmt.Sscanf(tc.enhanced, "%d.%d.%d", &enhanced[0], &enhanced[1], &enhanced[2]); err != nil {
					t.Fatal(err)
				}
			}
			srv := answering(tc.command, tc.code, enhanced, "no")
			s, err := newSender(config(srv.listen(t, false, false)))
			if err != nil {
				t.Fatal(err)
			}
			got := causeOf(s.send(t.Context(), message("en", time.Minute), "123456"))
			if got.reason != tc.reason || got.final != tc.final || got.others != tc.others {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestACodeThatExpiresWhileTheServerIsAwayIsSaidNotToHaveBeenSent(t *testing.T) {
	srv := &server{username: "u", password: "correct"}
	c := srv.listen(t, true, false)
	c.TLS, c.Username, c.Password = "starttls", "u", "not-that-one"
	s := newScene(t, c)
	s.start()
	s.submit("")
	s.logs("try=1")
	s.advance(10 * time.Minute)
	got := s.endedWith()
	if got.Kind != recordGivenUp || got.Reason != ReasonAuth || !strings.Contains(string(got.Detail), "AUTH") {
		t.Errorf("recorded %+v with %s", got, got.Detail)
	}
	if told := s.log.String() + string(got.Detail); strings.Contains(told, "not-that-one") || strings.Contains(told, "agent") {
		t.Errorf("the log or the record says too much: %s", told)
	}
	s.toldOfFailure()
}

// The mail is given up at the last try that its code leaves time for. The person is told then, and not only when the code expires.
func TestAMailIsGivenUpAsSoonAsNoTryIsLeft(t *testing.T) {
	srv := &server{refuse: 1000}
	s := newScene(t, srv.listen(t, false, false))
	s.ttl = 1500 * time.Millisecond
	s.start()
	s.submit("")
	got := s.endedWith()
	if got.Kind != recordGivenUp || got.Reason != "smtp_451" || !strings.Contains(string(got.Detail), "later") {
		t.Errorf("recorded %+v with %s", got, got.Detail)
	}
	if n := strings.Count(s.log.String(), "a mail could not be sent"); n != 2 {
		t.Errorf("it was tried %d times, and the code left time for 2:\n%s", n, s.log)
	}
	s.toldOfFailure()
}
