package challenge

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"
)

// scene is one account in one login flow, with a clock that the test moves.
type scene struct {
	t     *testing.T
	c     *Challenger
	tx    *memory
	now   time.Time
	waits bool // mails cannot be handed over
	terms Terms
	next  Submission // what is submitted unless a step says otherwise
}

func newScene(t *testing.T) *scene {
	t.Helper()
	keys, err := NewKeyring([]string{strings.Repeat("k", MinSecretLength)})
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{
		t: t, tx: &memory{fail: map[string]error{}}, now: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC),
		terms: Terms{Length: 6, TTL: 10 * time.Minute, MaxAttempts: 10, ResendAfter: 30 * time.Second, RememberDays: 30,
			Codes: 5, CodesWithin: 10 * time.Minute, CodesPerDay: 20, WaitDoublesAfter: 10, ReservedPerDay: 10,
			WrongCodes: 100, WrongCodesFor: 30 * 24 * time.Hour, TellWrongCodes: 3},
		next: Submission{Account: "agent", Flow: "flow", Channel: "softphone", Email: "agent@example.com", Locale: "ja",
			Facts: Facts{Email: "agent@example.com", TwoFactor: true}.Digest()},
	}
	s.c = &Challenger{Keys: keys, Now: func() time.Time { return s.now }, Rand: rand.Reader, MailWaits: func() bool { return s.waits }}
	return s
}

func (s *scene) submit(change func(*Submission)) Outcome {
	s.t.Helper()
	sub := s.next
	if change != nil {
		change(&sub)
	}
	out, err := s.c.Advance(s.t.Context(), s.tx, s.tx.last(sub), sub, s.terms)
	if err != nil {
		s.t.Fatalf("advance: %v", err)
	}
	return out
}

func (s *scene) expect(want State, change func(*Submission)) Outcome {
	s.t.Helper()
	got := s.submit(change)
	if got.State != want {
		s.t.Fatalf("got state %s, want %s", got.State, want)
	}
	return got
}

// mailed is the code of the latest message.
func (s *scene) mailed() string {
	s.t.Helper()
	code, err := s.tx.sent[len(s.tx.sent)-1].Open(s.c.Keys)
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

// wrong is a code that was not mailed.
func (s *scene) wrong() string {
	digit := byte('0')
	if s.mailed()[0] == digit {
		digit = '1'
	}
	return string(digit) + s.mailed()[1:]
}

func code(c string) func(*Submission)   { return func(s *Submission) { s.Code = c } }
func action(a Action) func(*Submission) { return func(s *Submission) { s.Action = a } }
func (s *scene) wait(d time.Duration)   { s.now = s.now.Add(d) }
func (s *scene) expectMails(want int) {
	s.t.Helper()
	if got := len(s.tx.sent); got != want {
		s.t.Fatalf("%d mails, want %d", got, want)
	}
}

func TestTheRightCodeIsAcceptedOnce(t *testing.T) {
	s := newScene(t)
	out := s.expect(CodeSent, nil)
	if c := out.Challenge; c.AttemptsLeft() != 10 || !c.ExpiresAt.Equal(s.now.Add(10*time.Minute)) ||
		!c.ResendAt.Equal(s.now.Add(30*time.Second)) || c.SentTo != "a***@example.com" || c.CodeLength != 6 || c.RememberDays != 30 {
		t.Errorf("the challenge shown is %+v", c)
	}
	right := s.mailed()
	s.expect(Passed, code(right))
	s.expect(SignInAgain, code(right))
	s.expect(SignInAgain, nil)
	s.expectMails(1)
}

func TestTheSameFlowAgainSendsNothing(t *testing.T) {
	s := newScene(t)
	first := s.expect(CodeSent, nil)
	again := s.expect(CodeSent, nil)
	if first.Challenge.ID != again.Challenge.ID {
		t.Error("another challenge is shown")
	}
	s.expectMails(1)
}

func TestWrongCodes(t *testing.T) {
	s := newScene(t)
	s.expect(CodeSent, nil)
	for left := 9; left >= 1; left-- {
		if got := s.expect(CodeMismatch, code(s.wrong())).Challenge.AttemptsLeft(); got != left {
			t.Fatalf("%d tries left, want %d", got, left)
		}
	}
	if got := s.expect(AttemptsExceeded, code(s.wrong())).Challenge.AttemptsLeft(); got != 0 {
		t.Errorf("%d tries left after ten wrong ones", got)
	}
	s.expect(AttemptsExceeded, code(s.mailed()))
	s.expect(AttemptsExceeded, nil)
}

func TestACodeHoldsForTenMinutes(t *testing.T) {
	for name, tc := range map[string]struct {
		after time.Duration
		want  State
	}{
		"a moment before, it is good":    {10*time.Minute - time.Microsecond, Passed},
		"at the tenth minute, it is not": {10 * time.Minute, CodeExpired},
		"nor later":                      {time.Hour, CodeExpired},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.expect(CodeSent, nil)
			s.wait(tc.after)
			out := s.expect(tc.want, code(s.mailed()))
			if tc.want == CodeExpired && out.Challenge.Attempts != 0 {
				t.Error("an expired code cost a try")
			}
		})
	}
}

func TestResend(t *testing.T) {
	s := newScene(t)
	first := s.expect(CodeSent, nil).Challenge
	old := s.mailed()
	s.wait(30*time.Second - time.Microsecond)
	if got := s.expect(TooManyCodes, action(ActionResend)).Challenge.ID; got != first.ID {
		t.Error("a resend refused shows another challenge")
	}
	s.expectMails(1)
	s.wait(time.Microsecond)
	second := s.expect(CodeResent, action(ActionResend)).Challenge
	s.expectMails(2)
	if second.ID == first.ID || second.AttemptsLeft() != 10 {
		t.Errorf("the new challenge is %+v", second)
	}
	if old != s.mailed() {
		s.expect(CodeMismatch, code(old))
	}
	s.expect(Passed, code(s.mailed()))
}

func TestResendRevivesWhatIsDead(t *testing.T) {
	t.Run("an expired code", func(t *testing.T) {
		s := newScene(t)
		s.expect(CodeSent, nil)
		s.wait(11 * time.Minute)
		s.expect(CodeExpired, nil)
		s.expect(CodeResent, action(ActionResend))
		s.expect(Passed, code(s.mailed()))
	})
	t.Run("one tried too often", func(t *testing.T) {
		s := newScene(t)
		s.terms.MaxAttempts = 1
		s.expect(CodeSent, nil)
		s.expect(AttemptsExceeded, code(s.wrong()))
		s.expect(TooManyCodes, action(ActionResend))
		s.wait(time.Minute)
		s.expect(CodeResent, action(ActionResend))
		s.expect(Passed, code(s.mailed()))
	})
}

func TestCancel(t *testing.T) {
	s := newScene(t)
	s.expect(Cancelled, action(ActionCancel)) // nothing to give up
	s.expect(CodeSent, nil)
	right := s.mailed()
	s.expect(Cancelled, action(ActionCancel))
	// The code is not accepted, and a cancellation does not shorten the wait between two codes.
	s.expect(TooManyCodes, code(right))
	s.expectMails(1)
	s.wait(30 * time.Second)
	s.expect(CodeSent, nil)
	s.expectMails(2)
	s.expect(Passed, code(s.mailed()))
}

func TestCancelWithTheRightCodeLetsNobodyIn(t *testing.T) {
	s := newScene(t)
	s.expect(CodeSent, nil)
	s.expect(Cancelled, func(sub *Submission) { sub.Action, sub.Code = ActionCancel, s.mailed() })
}

func TestAChallengeIsBound(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Submission)
		want   State
	}{
		"to its account":                {func(s *Submission) { s.Account = "other" }, CodeSent},
		"to its flow":                   {func(s *Submission) { s.Flow = "other" }, CodeSent},
		"to the facts it was issued on": {func(s *Submission) { s.Facts = Facts{Email: "new@example.com"}.Digest() }, SignInAgain},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.expect(CodeSent, nil)
			right := s.mailed()
			s.expect(tc.want, func(sub *Submission) { sub.Code = right; tc.change(sub) })
		})
	}
}

func TestChangedFactsEndAChallengeForGood(t *testing.T) {
	s := newScene(t)
	s.expect(CodeSent, nil)
	right := s.mailed()
	s.expect(SignInAgain, func(sub *Submission) { sub.Facts = Facts{}.Digest() })
	s.expect(SignInAgain, code(right)) // the challenge stays invalid after the facts were changed back
}

func TestFactsAreToldApart(t *testing.T) {
	all := []Facts{
		{}, {Email: "a"}, {Role: "a"}, {State: "a"}, {TwoFactor: true}, {PasswordChanged: time.Unix(1, 0)},
		{Email: `a" "b`}, {Email: "a", Role: "b"}, {Email: "a b"},
	}
	seen := map[string]Facts{}
	for _, f := range all {
		d := string(f.Digest())
		if other, ok := seen[d]; ok {
			t.Errorf("%+v and %+v have the same digest", f, other)
		}
		seen[d] = f
	}
}

func TestWithdraw(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*scene, *Submission)
		want   State
	}{
		"without a code, the sign-in goes on": {func(*scene, *Submission) {}, Passed},
		"with the right code, the person is told to sign in again": {
			func(s *scene, sub *Submission) { sub.Code = s.mailed() }, SignInAgain},
		"a resend is answered likewise": {func(_ *scene, sub *Submission) { sub.Action = ActionResend }, SignInAgain},
		"giving up is still possible":   {func(_ *scene, sub *Submission) { sub.Action = ActionCancel }, Cancelled},
		"in another flow, a stray code does not matter": {
			func(_ *scene, sub *Submission) { sub.Flow, sub.Code = "other", "000000" }, Passed},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.expect(CodeSent, nil)
			sub := s.next
			tc.change(s, &sub)
			out, err := s.c.Withdraw(t.Context(), s.tx, s.tx.last(sub), sub)
			if err != nil {
				t.Fatal(err)
			}
			if out.State != tc.want {
				t.Errorf("got %s, want %s", out.State, tc.want)
			}
		})
	}
}

// If something cannot be stored or sent, Advance returns an error. The caller then refuses and rolls back.
func TestNothingPassesThatCannotBeKept(t *testing.T) {
	broken := errors.New("disk full")
	for name, step := range map[string]struct {
		fails  string
		submit func(*scene) Submission
	}{
		"a challenge": {"AddChallenge", func(s *scene) Submission { sub := s.next; sub.Flow = "new"; return sub }},
		"a message":   {"Send", func(s *scene) Submission { sub := s.next; sub.Flow = "new"; return sub }},
		"a try":       {"CountAttempt", func(s *scene) Submission { sub := s.next; sub.Code = s.mailed(); return sub }},
		"a device": {"RememberDevice", func(s *scene) Submission {
			sub := s.next
			sub.Code, sub.Device = s.mailed(), &Device{TokenHash: []byte{1}}
			return sub
		}},
		"a wrong code":               {"AddWrongCode", func(s *scene) Submission { sub := s.next; sub.Code = s.mailed(); return sub }},
		"what was tried in the flow": {"ClearWrongCodes", func(s *scene) Submission { sub := s.next; sub.Code = s.mailed(); return sub }},
		"a renewed device": {"RenewDevice", func(s *scene) Submission {
			sub := s.next
			sub.Code, sub.Device = s.mailed(), &Device{TokenHash: []byte{1}, Replaces: []byte{2}}
			return sub
		}},
		"a success": {"CloseChallenge", func(s *scene) Submission { sub := s.next; sub.Code = s.mailed(); return sub }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.expect(CodeSent, nil)
			s.tx.fail[step.fails] = broken
			sub := step.submit(s)
			out, err := s.c.Advance(t.Context(), s.tx, s.tx.last(sub), sub, s.terms)
			if !errors.Is(err, broken) || out.State != "" {
				t.Errorf("got state %q and error %v", out.State, err)
			}
		})
	}
}

func TestNoRandomnessNoCode(t *testing.T) {
	s := newScene(t)
	s.c.Rand = strings.NewReader("")
	if out, err := s.c.Advance(t.Context(), s.tx, s.tx.last(s.next), s.next, s.terms); err == nil || out.State != "" {
		t.Errorf("got state %q and error %v", out.State, err)
	}
	s.expectMails(0)
}

func TestADeviceIsRememberedWithTheRightCodeOnly(t *testing.T) {
	device := Device{TokenHash: HashDeviceToken(strings.Repeat("t", 43)), IP: "192.0.2.1", UserAgent: "browser"}
	for name, tc := range map[string]struct {
		terms  func(*Terms)
		submit func(*scene, *Submission)
		want   bool
	}{
		"with the right code":                {nil, func(s *scene, sub *Submission) { sub.Code = s.mailed() }, true},
		"with a wrong code":                  {nil, func(s *scene, sub *Submission) { sub.Code = s.wrong() }, false},
		"without a code":                     {nil, func(*scene, *Submission) {}, false},
		"with the right code, not asked for": {nil, func(s *scene, sub *Submission) { sub.Code, sub.Device = s.mailed(), nil }, false},
		"with the right code, where remembering is off": {
			func(t *Terms) { t.RememberDays = 0 }, func(s *scene, sub *Submission) { sub.Code = s.mailed() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			if tc.terms != nil {
				tc.terms(&s.terms)
			}
			s.expect(CodeSent, func(sub *Submission) { sub.Device = &device })
			s.submit(func(sub *Submission) { sub.Device = &device; tc.submit(s, sub) })
			if got := len(s.tx.devices) == 1; got != tc.want {
				t.Fatalf("remembered: %+v", s.tx.devices)
			}
			if !tc.want {
				return
			}
			got := s.tx.devices[0]
			if got.Account != "agent" || got.Channel != "softphone" || !got.VerifiedAt.Equal(s.now) || got.IP != "192.0.2.1" ||
				got.UserAgent != "browser" || string(got.TokenHash) != string(device.TokenHash) {
				t.Errorf("remembered: %+v", got)
			}
		})
	}
}

func TestDaysOfADevice(t *testing.T) {
	verified := time.Date(2026, 4, 1, 18, 0, 0, 0, time.UTC)
	d := Remembered{VerifiedAt: verified}
	for after, want := range map[time.Duration]int{
		0: 0, 24*time.Hour - 1: 0, 24 * time.Hour: 1, 30*24*time.Hour - 1: 29, 30 * 24 * time.Hour: 30,
	} {
		if got := d.AgeDays(verified.Add(after)); got != want {
			t.Errorf("after %v: %d days, want %d", after, got, want)
		}
	}
}

func TestCalendarDaysOfADevice(t *testing.T) {
	at := func(zone, local string) time.Time {
		t.Helper()
		l, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		v, err := time.ParseInLocation("2006-01-02 15:04:05", local, l)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for name, tc := range map[string]struct {
		zone, verified, now string
		calendar, periods   int
	}{
		"the same day":                              {"Asia/Tokyo", "2026-04-01 00:00:00", "2026-04-01 23:59:59", 0, 0},
		"a minute, over midnight":                   {"Asia/Tokyo", "2026-04-01 23:59:30", "2026-04-02 00:00:30", 1, 0},
		"a day and a bit, over one midnight":        {"Asia/Tokyo", "2026-04-01 00:30:00", "2026-04-02 23:00:00", 1, 1},
		"the day on which clocks go forward (23 h)": {"Europe/Berlin", "2026-03-28 23:30:00", "2026-03-30 00:30:00", 2, 1},
		"that day from noon to noon":                {"Europe/Berlin", "2026-03-28 12:00:00", "2026-03-29 12:00:00", 1, 0},
		"the day on which clocks go back (25 h)":    {"Europe/Berlin", "2026-10-24 23:30:00", "2026-10-26 00:30:00", 2, 1},
		"that day, from midnight to midnight":       {"Europe/Berlin", "2026-10-25 00:00:00", "2026-10-26 00:00:00", 1, 1},
		"over the end of a year":                    {"Asia/Tokyo", "2026-12-31 12:00:00", "2027-01-30 11:00:00", 30, 29},
	} {
		t.Run(name, func(t *testing.T) {
			d := Remembered{VerifiedAt: at(tc.zone, tc.verified).UTC()} // as it comes from the store
			now := at(tc.zone, tc.now)
			if got := d.AgeCalendarDays(now); got != tc.calendar {
				t.Errorf("%d midnights, want %d", got, tc.calendar)
			}
			if got := d.AgeDays(now); got != tc.periods {
				t.Errorf("%d periods of 24 hours, want %d", got, tc.periods)
			}
		})
	}
}

func TestWhatCannotBeADevicesToken(t *testing.T) {
	for _, token := range []string{"", "short", strings.Repeat("t", minDeviceToken-1)} {
		if HashDeviceToken(token) != nil {
			t.Errorf("%q is taken for one", token)
		}
	}
}

func TestADeviceWithoutATokenIsKnownByItsChallenges(t *testing.T) {
	s := newScene(t)
	token := s.c.DeviceToken(s.expect(CodeSent, nil).Challenge.ID)
	s.expect(Passed, func(sub *Submission) { sub.Code, sub.Device = s.mailed(), &Device{} })
	if got := s.tx.devices; len(got) != 1 || !bytes.Equal(got[0].TokenHash, HashDeviceToken(token)) {
		t.Errorf("remembered: %+v", got)
	}
	if other := s.c.DeviceToken("other"); other == token || len(token) != 43 {
		t.Errorf("tokens %q and %q", token, other)
	}
}
