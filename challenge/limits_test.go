package challenge

import (
	"fmt"
	"testing"
	"time"
)

func TestAnAccountIsSentFiveCodesInTenMinutes(t *testing.T) {
	s := newScene(t)
	first := s.now
	for _, flow := range []int{1, 2, 3, 4} {
		s.expect(CodeSent, inFlow(flow))
		s.wait(30 * time.Second)
	}
	s.expect(CodeResent, func(sub *Submission) { sub.Flow, sub.Action = "4", ActionResend }) // a resend counts like any other
	s.wait(30 * time.Second)
	s.expectMails(5)
	if out := s.expect(TooManyCodes, inFlow(6)); out.Challenge != nil || !out.RetryAt.Equal(first.Add(10*time.Minute)) {
		t.Errorf("in a new flow: %+v", out)
	}
	out := s.expect(TooManyCodes, func(sub *Submission) { sub.Flow, sub.Action = "4", ActionResend })
	if out.Challenge == nil || !out.RetryAt.Equal(first.Add(10*time.Minute)) {
		t.Errorf("in a flow with a code: %+v", out)
	}
	s.expectMails(5)
	s.expect(CodeSent, func(sub *Submission) { sub.Account, sub.Flow = "other", "6" }) // two accounts share no limit
	s.now = first.Add(10*time.Minute - time.Microsecond)
	s.expect(TooManyCodes, inFlow(6))
	s.now = first.Add(10 * time.Minute)
	s.expect(CodeSent, inFlow(6))
	s.expect(TooManyCodes, inFlow(7))
}

func TestARefusedResendLeavesTheCodeThatIsOut(t *testing.T) {
	s := newScene(t)
	s.terms.Codes = 1
	s.expect(CodeSent, nil)
	s.wait(time.Minute)
	s.expect(TooManyCodes, action(ActionResend))
	s.expect(Passed, code(s.mailed()))
}

func inFlow(n int) func(*Submission) { return func(s *Submission) { s.Flow = fmt.Sprint(n) } }

func TestTheWaitGrowsWithTheCodesOfADay(t *testing.T) {
	s := newScene(t)
	flow := 0
	send := func() {
		t.Helper()
		flow++
		s.expect(CodeSent, inFlow(flow))
	}
	for range 10 {
		send()
		s.wait(2 * time.Minute)
	}
	s.wait(-2 * time.Minute)
	for wait := time.Minute; wait < 6*time.Hour; wait *= 2 {
		s.wait(10 * time.Minute) // so that it is not the ten minutes' limit
		last := s.now.Add(-10 * time.Minute)
		if wait > 10*time.Minute {
			out := s.expect(TooManyCodes, inFlow(0))
			if !out.RetryAt.Equal(last.Add(wait)) {
				t.Fatalf("after code %d: another at %v, want %v after the last", flow, out.RetryAt, wait)
			}
			s.now = last.Add(wait)
		}
		send()
	}
	s.wait(24 * time.Hour)
	send()
	s.wait(time.Second)
	send() // and the growing begins anew
}

func TestAnAccountIsSentTwentyCodesADay(t *testing.T) {
	s := newScene(t)
	s.terms.WaitDoublesAfter = 100
	first := s.now
	for flow := range 20 {
		s.expect(CodeSent, inFlow(flow))
		s.wait(3 * time.Minute)
	}
	if out := s.expect(TooManyCodes, inFlow(20)); !out.RetryAt.Equal(first.Add(24 * time.Hour)) {
		t.Errorf("another at %v", out.RetryAt)
	}
	s.now = first.Add(24 * time.Hour)
	s.expect(CodeSent, inFlow(20))
}

// A thief who knows the password cannot use up the codes of a browser that the account was remembered on.
func TestCodesAreReservedForAClientThatWasRemembered(t *testing.T) {
	s := newScene(t)
	known := func(flow int) func(*Submission) {
		return func(s *Submission) { s.Flow, s.Known = fmt.Sprint(flow), true }
	}
	for flow := range 5 {
		s.expect(CodeSent, inFlow(flow))
	}
	s.expect(TooManyCodes, inFlow(5))
	for flow := range 5 {
		s.expect(CodeSent, known(10+flow))
	}
	s.expect(TooManyCodes, known(15)) // the limit of five in ten minutes holds here, too
	s.wait(10 * time.Minute)
	s.expect(CodeSent, inFlow(5)) // these codes do not count for other clients
	for flow := range 5 {
		s.expect(CodeSent, known(20+flow))
	}
	s.wait(time.Hour)
	s.expect(TooManyCodes, known(25)) // ten a day
	s.terms.ReservedPerDay = 0
	s.expect(CodeSent, known(26)) // with none reserved, the code counts as any other
}

func TestAHundredWrongCodes(t *testing.T) {
	s := newScene(t)
	s.terms.CodesPerDay, s.terms.WaitDoublesAfter = 100, 100
	flow := 0
	try := func(wrong int) {
		t.Helper()
		for tries := 0; tries < wrong; {
			flow++
			s.next.Flow = fmt.Sprint(flow)
			s.wait(10 * time.Minute)
			s.expect(CodeSent, nil)
			for i := 0; i < 10 && tries < wrong; i++ {
				s.submit(code(s.wrong()))
				tries++
			}
		}
	}
	try(99)
	s.expect(Passed, code(s.mailed())) // clears the nine wrong codes of this flow
	try(9)
	s.expect(AttemptsExceeded, code(s.wrong())) // the hundredth
	if out := s.expect(Refused, code(s.mailed())); out.Reason != ReasonWrongCodes {
		t.Errorf("the reason is %q", out.Reason)
	}
	s.wait(365 * 24 * time.Hour)
	s.expect(Refused, func(sub *Submission) { sub.Flow = "another" })
	s.expect(Refused, action(ActionResend))
	s.expect(CodeSent, func(sub *Submission) { sub.Account, sub.Flow = "other", "x" }) // two accounts share no limit
	if err := s.tx.ClearWrongCodes(t.Context(), "agent", ""); err != nil {             // as an administrator does
		t.Fatal(err)
	}
	s.expect(CodeSent, func(sub *Submission) { sub.Flow = "another" })
}

// With the password, a thief may try up to the limit. If the holder's sign-in cleared what the thief tried, the thief could begin
// anew each time.
func TestARightCodeDoesNotClearWhatWasTriedInOtherFlows(t *testing.T) {
	s := newScene(t)
	began := s.now
	s.next.Flow = "the thief's"
	s.expect(CodeSent, nil)
	for range 3 {
		s.expect(CodeMismatch, code(s.wrong()))
	}
	s.wait(time.Minute)
	s.next.Flow = "the holder's"
	s.expect(CodeSent, nil)
	s.expect(CodeMismatch, code(s.wrong())) // a slip
	out := s.expect(Passed, code(s.mailed()))
	if out.WrongCodes.Count != 3 || !out.WrongCodes.Since.Equal(began) {
		t.Errorf("the holder is told of %+v", out.WrongCodes)
	}
	if n, _ := s.tx.WrongCodes(t.Context(), "agent"); n != 3 {
		t.Errorf("%d count, want the thief's 3", n)
	}
	s.next.Flow = "the holder's next"
	s.expect(CodeSent, nil)
	if out := s.expect(Passed, code(s.mailed())); out.WrongCodes.Count != 0 {
		t.Errorf("the holder is told again: %+v", out.WrongCodes)
	}
}

func TestAWrongCodeCountsForThirtyDays(t *testing.T) {
	s := newScene(t)
	s.expect(CodeSent, nil)
	s.expect(CodeMismatch, code(s.wrong()))
	s.wait(30*24*time.Hour - time.Second)
	s.expect(CodeSent, inFlow(2))
	s.expect(CodeMismatch, func(sub *Submission) { sub.Flow, sub.Code = "2", s.wrong() })
	if n, _ := s.tx.WrongCodes(t.Context(), "agent"); n != 2 {
		t.Errorf("%d count, want 2", n)
	}
	s.wait(2 * time.Second)
	s.expect(CodeMismatch, func(sub *Submission) { sub.Flow, sub.Code = "2", s.wrong() })
	if n, _ := s.tx.WrongCodes(t.Context(), "agent"); n != 2 {
		t.Errorf("%d count, want the 2 of the last days", n)
	}
}

func TestTheMailTellsOfWrongCodes(t *testing.T) {
	s := newScene(t)
	began := s.now
	for flow := range 2 {
		s.expect(CodeSent, inFlow(flow))
		if got := s.tx.sent[flow].WrongCodes; got.Count != 0 {
			t.Errorf("after %d wrong codes: %+v", flow*2, got)
		}
		for range 2 {
			s.expect(CodeMismatch, func(sub *Submission) { sub.Flow, sub.Code = fmt.Sprint(flow), s.wrong() })
		}
	}
	s.expect(CodeSent, inFlow(2))
	if got := s.tx.sent[2].WrongCodes; got.Count != 4 || !got.Since.Equal(began) {
		t.Errorf("after four: %+v", got)
	}
}

func TestAResendDoesNotClearTheCount(t *testing.T) {
	s := newScene(t)
	s.expect(CodeSent, nil)
	s.expect(CodeMismatch, code(s.wrong()))
	s.wait(time.Minute)
	s.expect(CodeResent, action(ActionResend))
	s.expect(CodeMismatch, code(s.wrong()))
	if n, _ := s.tx.WrongCodes(t.Context(), "agent"); n != 2 {
		t.Errorf("%d wrong codes are counted, want 2", n)
	}
}
