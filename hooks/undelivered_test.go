package hooks

import (
	"strings"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/policies"
	"nidan/records"
	"nidan/store/postgrestest"
)

// onBothDatabases runs a test on SQLite and on PostgreSQL.
func onBothDatabases(t *testing.T, test func(t *testing.T, s *scene)) {
	t.Run("SQLite", func(t *testing.T) { test(t, newScene(t, policies.Shipped())) })
	t.Run("PostgreSQL", func(t *testing.T) {
		test(t, newSceneOn(t, policies.Shipped(), postgrestest.Start(t).New("nidan")))
	})
}

// end ends the newest mail, as the queue does.
func (s *scene) end(kind string) {
	s.t.Helper()
	m := s.mails.sent[len(s.mails.sent)-1]
	r := records.Record{At: s.now, Kind: kind, Account: m.Account, Flow: m.Flow, Challenge: m.Challenge}
	how := s.store.FailMessage
	if kind == "mail_sent" {
		how = s.store.EndMessage
	}
	if err := how(s.t.Context(), r); err != nil {
		s.t.Fatal(err)
	}
}

// says expects this sentence and this state of the mail.
func (r reply) says(t *testing.T, sentence, mail string) {
	t.Helper()
	if !strings.Contains(r.text, sentence) || r.context.Challenge == nil || r.context.Challenge.Mail != mail {
		t.Errorf("the person reads %q of a mail that is %+v, want %q and %q", r.text, r.context.Challenge, sentence, mail)
	}
}

const english = "flow/transient_payload/two_factor/locale"

const (
	sent        = "We sent a verification code to a***@example.com."
	undelivered = "could not be delivered to a***@example.com. Have a new verification code sent"
	notYet      = "for a***@example.com has not gone out yet"
)

func TestACodeWhoseMailHasFailedIsNotShownAsSent(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, s *scene) {
		s.expect(challenge.CodeSent, object{english: "en"}).says(t, sent, "")
		s.now = s.now.Add(time.Second)
		s.end("mail_refused")
		for _, again := range []object{{english: "en"}, {english: "en", codeAt: s.mailed()}} {
			r := s.expect(challenge.CodeExpired, again)
			r.says(t, undelivered, "failed")
			if r.id != 4990002 || len(r.pointers) != 1 || r.context.Challenge.ResendAt.After(s.now) {
				t.Errorf("the answer asks for a code that nobody can have, or has the person wait for another: %s", r.raw)
			}
		}
		s.expect(challenge.CodeExpired, object{english: "ja"}).says(t, "認証コードのメールを送信できませんでした。", "failed")
		s.expect(challenge.CodeResent, object{english: "en", actionAt: "resend"}).says(t, "We sent a new verification code", "")
		s.expectMails(2)
		s.end("mail_sent")
		s.expectIn(object{codeAt: s.mailed()})
	})
}

// After a failed mail, the person can ask for another code at once. The failed codes still count: a mailbox that accepts no mail must not
// lift the limits.
func TestMailsThatFailCountAmongTheCodesOfAnAccount(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, s *scene) {
		s.expect(challenge.CodeSent, nil)
		s.end("mail_refused")
		for range 4 {
			s.now = s.now.Add(time.Second)
			s.expect(challenge.CodeResent, object{actionAt: "resend"})
			s.end("mail_refused")
		}
		s.now = s.now.Add(time.Second)
		if r := s.expect(challenge.TooManyCodes, object{actionAt: "resend"}); !r.context.Challenge.ResendAt.After(s.now) {
			t.Errorf("another code may be sent at %v, and it is %v", r.context.Challenge.ResendAt, s.now)
		}
		s.expectMails(5)
	})
}

func TestACodeWhoseMailWaitsIsNotShownAsSent(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, s *scene) {
		s.away = true
		s.expect(challenge.CodeSent, object{english: "en"}).says(t, notYet, "waiting")
		s.now = s.now.Add(time.Second)
		s.expect(challenge.CodeSent, object{english: "en"}).says(t, notYet, "waiting")
		s.now = s.now.Add(time.Minute)
		s.expect(challenge.CodeSent, object{english: "en"}).says(t, notYet, "waiting")
		s.expect(challenge.CodeSent, object{english: "ja"}).says(t, "まだ送信できていません", "waiting")
		s.expect(challenge.CodeResent, object{english: "en", actionAt: "resend"}).says(t, notYet, "waiting")
		s.away = false
		s.end("mail_sent")
		s.expect(challenge.CodeSent, object{english: "en"}).says(t, sent, "")
		s.expectIn(object{codeAt: s.mailed()})
	})
}

// Another process may be the one that fails to send. Then the only sign of trouble is that the mail is still in the outbox.
func TestAMailThatIsStillThereAfterTenSecondsIsSaidToWait(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, s *scene) {
		s.expect(challenge.CodeSent, nil)
		s.now = s.now.Add(10*time.Second - time.Microsecond)
		s.expect(challenge.CodeSent, object{english: "en"}).says(t, sent, "")
		s.now = s.now.Add(time.Microsecond)
		s.expect(challenge.CodeSent, object{english: "en"}).says(t, notYet, "waiting")
		s.now = s.now.Add(time.Minute)
		s.expect(challenge.CodeResent, object{english: "en", actionAt: "resend"}).says(t, notYet, "waiting")
	})
}

func TestACodeThatExpiresBeforeItsMailIsSentIsSaidNotToHaveBeenDelivered(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, s *scene) {
		s.away = true
		s.expect(challenge.CodeSent, nil)
		s.now = s.now.Add(10 * time.Minute)
		s.expect(challenge.CodeExpired, object{english: "en"}).says(t, undelivered, "waiting") // the queue has not looked yet
		s.end("mail_given_up")
		s.expect(challenge.CodeExpired, object{english: "en"}).says(t, undelivered, "failed")
	})
}
