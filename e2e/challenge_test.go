package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"nidan/kratos"
)

func TestSignInWithACode(t *testing.T) {
	n := started(t)
	s := newSignIn(t, account(t, nil))
	first := s.expect("code_sent", 1990001, nil)
	c := first.UI.Messages[0].Context.Challenge
	if c.SentTo != "t***@example.com" || c.AttemptsLeft != 10 || c.RememberDays != 30 ||
		c.ResendAt.Sub(c.ExpiresAt) != 30*time.Second-10*time.Minute {
		t.Errorf("challenge: %+v", c)
	}
	if !slices.ContainsFunc(first.UI.Nodes, func(n struct{ Attributes struct{ Name string } }) bool {
		return n.Attributes.Name == "transient_payload.two_factor.code"
	}) {
		t.Error("the flow has no field for the code")
	}
	right := n.code(1)
	if subject := n.mailbox.Messages()[0].Subject; subject != "【Nidan】2段階認証 認証コードのご連絡" {
		t.Errorf("subject: %q", subject)
	}
	again := s.expect("code_sent", 1990001, nil)
	if again.UI.Messages[0].Context.Challenge != c {
		t.Errorf("again: %+v, first: %+v", again.UI.Messages[0].Context.Challenge, c)
	}
	if left := s.expect("code_mismatch", 4990001, code(wrong(right))).UI.Messages[0].Context.Challenge.AttemptsLeft; left != 9 {
		t.Errorf("%d tries left, want 9", left)
	}
	s.expectIn(code(right))
	s.expectOut(code(right))
	n.code(1) // and no other mail came
}

func TestPasswordAlone(t *testing.T) {
	started(t)
	for name, change := range map[string]func(*kratos.Account){
		"two-step off":      func(a *kratos.Account) { a.TwoFactor = false },
		"no e-mail address": func(a *kratos.Account) { a.Email = "" },
	} {
		t.Run(name, func(t *testing.T) { newSignIn(t, account(t, change)).expectIn(nil) })
	}
}

func TestAWrongPasswordNeverReachesNidan(t *testing.T) {
	n := started(t)
	s := newSignIn(t, account(t, nil))
	s.password = "wrong"
	s.expectOut(code("000000"))
	newSignIn(t, "nobody-at-all").expectOut(nil)
	if calls, _ := theRelay.seen(); len(calls) != 0 {
		t.Errorf("Kratos called: %q", calls)
	}
	if got := len(n.mailbox.Messages()); got != 0 {
		t.Errorf("%d mails", got)
	}
}

func TestResend(t *testing.T) {
	n := started(t, "NIDAN_POLICIES_DIR="+shortPolicies(t, 600, 3))
	s := newSignIn(t, account(t, nil))
	sent := s.expect("code_sent", 1990001, nil)
	old := n.code(1)
	s.expect("too_many_codes", 4990006, resend)
	until(sent.UI.Messages[0].Context.Challenge.ResendAt)
	s.expect("code_resent", 1990002, resend)
	right := n.code(2)
	if old != right {
		s.expect("code_mismatch", 4990001, code(old))
	}
	s.expectIn(code(right))
}

func TestTenWrongCodes(t *testing.T) {
	n := started(t)
	s := newSignIn(t, account(t, nil))
	s.expect("code_sent", 1990001, nil)
	right := n.code(1)
	for left := 9; left > 0; left-- {
		s.expect("code_mismatch", 4990001, code(wrong(right)))
	}
	s.expect("attempts_exceeded", 4990003, code(wrong(right)))
	s.expect("attempts_exceeded", 4990003, code(right))
}

func TestAnExpiredCode(t *testing.T) {
	n := started(t, "NIDAN_POLICIES_DIR="+shortPolicies(t, 2, 1))
	s := newSignIn(t, account(t, nil))
	sent := s.expect("code_sent", 1990001, nil)
	right := n.code(1)
	until(sent.UI.Messages[0].Context.Challenge.ExpiresAt)
	s.expect("code_expired", 4990002, code(right))
	s.expect("code_resent", 1990002, resend)
	s.expectIn(code(n.code(2)))
}

// until sleeps until a time that Nidan has named. Nidan has the clock of this machine.
func until(at time.Time) { time.Sleep(time.Until(at)) }

// Kratos repeats a call, up to three times in all, if it gets no usable answer.
func TestOneSubmissionDeliveredThreeTimes(t *testing.T) {
	for name, trigger := range map[string]string{
		"without a trigger id, as Kratos v1.3.1 does":  "",
		"with a trigger id, as Kratos does since then": "5f0c8c1e-trigger-",
	} {
		t.Run(name, func(t *testing.T) {
			n := started(t)
			s := newSignIn(t, account(t, nil))
			deliver := func(step string, submit func()) {
				t.Helper()
				if trigger != "" {
					step = trigger + step
				} else {
					step = ""
				}
				theRelay.set(n.hooks, 2, step)
				submit()
				calls, answers := theRelay.seen()
				if len(calls) != 3 || calls[0] != calls[1] || calls[0] != calls[2] {
					t.Fatalf("Kratos made %d calls, want the same one three times", len(calls))
				}
				if answers[0] != answers[1] || answers[0] != answers[2] {
					t.Errorf("Nidan's answers differ:\n%s", strings.Join(answers, "\n"))
				}
			}
			deliver("1", func() { s.expect("code_sent", 1990001, nil) })
			right := n.code(1)
			deliver("2", func() {
				r := s.expect("code_mismatch", 4990001, code(wrong(right)))
				if left := r.UI.Messages[0].Context.Challenge.AttemptsLeft; left != 9 {
					t.Errorf("%d tries left, want 9", left)
				}
			})
			deliver("3", func() { s.expectIn(code(right)) })
			theRelay.set(n.hooks, 0, "")
			if r := s.expectOut(code(right)); r.Status != http.StatusBadRequest {
				t.Errorf("the code used up got %d", r.Status)
			}
			n.code(1)
		})
	}
}
