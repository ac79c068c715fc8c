package challenge

import (
	"fmt"
	"testing"
	"time"
)

func TestAnAccountIsSentFiveCodesInTenMinutes(t *testing.T) {
	s := newScene(t)
	inFlow := func(flow string) func(*Submission) { return func(sub *Submission) { sub.Flow = flow } }
	first := s.now
	for _, flow := range []string{"1", "2", "3", "4"} {
		s.expect(CodeSent, inFlow(flow))
		s.wait(30 * time.Second)
	}
	s.expect(CodeResent, func(sub *Submission) { sub.Flow, sub.Action = "4", ActionResend }) // a resend counts like any other
	s.wait(30 * time.Second)
	s.expectMails(5)
	if out := s.expect(TooManyCodes, inFlow("6")); out.Challenge != nil || !out.RetryAt.Equal(first.Add(10*time.Minute)) {
		t.Errorf("in a new flow: %+v", out)
	}
	out := s.expect(TooManyCodes, func(sub *Submission) { sub.Flow, sub.Action = "4", ActionResend })
	if out.Challenge == nil || !out.RetryAt.Equal(first.Add(10*time.Minute)) {
		t.Errorf("in a flow with a code: %+v", out)
	}
	s.expectMails(5)
	s.expect(CodeSent, func(sub *Submission) { sub.Account, sub.Flow = "other", "6" }) // two accounts share no limit
	s.now = first.Add(10*time.Minute - time.Microsecond)
	s.expect(TooManyCodes, inFlow("6"))
	s.now = first.Add(10 * time.Minute)
	s.expect(CodeSent, inFlow("6"))
	s.expect(TooManyCodes, inFlow("7"))
}

func TestARefusedResendLeavesTheCodeThatIsOut(t *testing.T) {
	s := newScene(t)
	s.terms.Codes = 1
	s.expect(CodeSent, nil)
	s.wait(time.Minute)
	s.expect(TooManyCodes, action(ActionResend))
	s.expect(Passed, code(s.mailed()))
}

func TestAHundredWrongCodesInARow(t *testing.T) {
	s := newScene(t)
	flow := 0
	sendAnother := func() {
		t.Helper()
		flow++
		s.next.Flow = fmt.Sprint(flow)
		s.wait(10 * time.Minute)
		s.expect(CodeSent, nil)
	}
	for tries := 0; tries < 99; {
		sendAnother()
		for i := 0; i < 10 && tries < 99; i++ {
			s.submit(code(s.wrong()))
			tries++
		}
	}
	t.Run("the hundredth is still compared, and a right one clears the count", func(t *testing.T) {
		s.t = t
		s.expect(Passed, code(s.mailed()))
		if got := s.tx.wrong["agent"]; got != 0 {
			t.Errorf("%d wrong codes are left", got)
		}
	})
	s.t = t
	for tries := 0; tries < 100; {
		sendAnother()
		for i := 0; i < 10 && tries < 100; i++ {
			s.submit(code(s.wrong()))
			tries++
		}
	}
	if out := s.expect(Refused, code(s.mailed())); out.Reason != ReasonWrongCodes {
		t.Errorf("the reason is %q", out.Reason)
	}
	s.wait(24 * time.Hour)
	s.expect(Refused, func(sub *Submission) { sub.Flow = "another" })
	s.expect(Refused, action(ActionResend))
	s.expect(CodeSent, func(sub *Submission) { sub.Account, sub.Flow = "other", "x" }) // two accounts share no limit
	s.tx.wrong["agent"] = 0                                                            // as an administrator does
	s.expect(CodeSent, func(sub *Submission) { sub.Flow = "another" })
}

func TestAResendDoesNotClearTheCount(t *testing.T) {
	s := newScene(t)
	s.expect(CodeSent, nil)
	s.expect(CodeMismatch, code(s.wrong()))
	s.wait(time.Minute)
	s.expect(CodeResent, action(ActionResend))
	s.expect(CodeMismatch, code(s.wrong()))
	if got := s.tx.wrong["agent"]; got != 2 {
		t.Errorf("%d wrong codes are counted, want 2", got)
	}
}
