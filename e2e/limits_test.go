package e2e

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"nidan/kratos"
)

var seconds = regexp.MustCompile(`(\d+)秒後`)

// sayWhen checks that a reply tells people that another code may be sent in about this time.
func sayWhen(t *testing.T, r reply, in time.Duration) {
	t.Helper()
	said := seconds.FindStringSubmatch(r.UI.Messages[0].Text)
	if said == nil {
		t.Fatalf("it does not say when: %s", r.UI.Messages[0].Text)
	}
	n, err := strconv.Atoi(said[1])
	if err != nil || n < 1 || (time.Duration(n)*time.Second-in).Abs() > 20*time.Second {
		t.Errorf("it says %d seconds, want about %v", n, in)
	}
}

func TestHalfAMinuteBetweenACodeAndTheNext(t *testing.T) {
	n := started(t)
	s := newSignIn(t, account(t, nil))
	sent := s.expect("code_sent", 1990001, nil).UI.Messages[0].Context.Challenge
	if wait := time.Until(sent.ResendAt); wait > 30*time.Second || wait < 10*time.Second {
		t.Fatalf("another code may be sent in %v", wait)
	}
	refused := s.expect("too_many_codes", 4990006, resend)
	sayWhen(t, refused, 30*time.Second)
	if c := refused.UI.Messages[0].Context.Challenge; c.ID != sent.ID || !c.ResendAt.Equal(sent.ResendAt) {
		t.Errorf("the challenge is %+v, and was %+v", c, sent)
	}
	n.later(time.Until(sent.ResendAt) - 5*time.Second)
	s.expect("too_many_codes", 4990006, resend)
	n.later(5 * time.Second)
	c := s.expect("code_resent", 1990002, resend).UI.Messages[0].Context.Challenge
	if c.ID == sent.ID || time.Until(c.ResendAt) < 10*time.Second {
		t.Errorf("the new challenge is %+v", c)
	}
	s.expectIn(code(n.codeOf(s.identifier)))
}

// The limit holds for each way to get a code, and for each spelling of the account's name: five in ten minutes, for each account.
func TestFiveCodesInTenMinutes(t *testing.T) {
	n := started(t)
	name := account(t, nil)
	newSignIn(t, name).expect("code_sent", 1990001, nil)
	n.later(time.Minute)
	newSignIn(t, strings.ToUpper(name)).expect("code_sent", 1990001, nil)
	if got := newForm(t, name).ending(`{}`); got != asked {
		t.Fatalf("in a browser: %s", got)
	}
	s := newSignIn(t, name)
	s.expect("code_sent", 1990001, nil)
	n.later(time.Minute)
	s.expect("code_resent", 1990002, resend)
	n.later(time.Minute)

	for how, refused := range map[string]reply{
		"a sixth, in the same flow": s.expect("too_many_codes", 4990006, resend),
		"a sixth, in another flow":  newSignIn(t, name).expect("too_many_codes", 4990006, nil),
	} {
		t.Run(how, func(t *testing.T) { sayWhen(t, refused, 7*time.Minute) })
	}
	if got := newForm(t, name).ending(`{}`); got != "too_many_codes" {
		t.Errorf("in a browser: %s", got)
	}
	mails := len(n.mailbox.Messages())
	newSignIn(t, account(t, nil)).expect("code_sent", 1990001, nil)
	n.mailed()
	if got := len(n.mailbox.Messages()); got != mails+1 {
		t.Errorf("there were %d mails, and are %d with another account's", mails, got)
	}
	s.expectIn(code(n.codeOf(name))) // the last code that was sent is still valid

	n.later(7 * time.Minute)
	newSignIn(t, name).expect("code_sent", 1990001, nil) // the first code was sent ten minutes ago
}

// tried adds wrong codes that an account has entered in another flow.
func (n *nidan) tried(account string, wrong int) {
	n.t.Helper()
	n.triedBy(identityOf(n.t, account).ID, wrong)
}

func (n *nidan) triedBy(id string, wrong int) {
	n.t.Helper()
	n.sql(`INSERT INTO wrong_codes (account_id, flow_id, at, told)
		WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < CAST($2 AS BIGINT))
		SELECT CAST($1 AS TEXT), 'a flow of before', CAST($3 AS BIGINT), TRUE FROM number`, id, wrong, time.Now().UnixMicro())
}

func TestAHundredWrongCodes(t *testing.T) {
	n := started(t)
	for _, tc := range []struct {
		what string
		do   func(s *signIn, session http.Header) // after 98 wrong codes; the session began before
		ends string                               // how a new sign-in with the right password ends
	}{
		{"one more is not too many", func(s *signIn, _ http.Header) { s.expect("code_mismatch", 4990001, code("x")) }, asked},
		{"the hundredth is one too many", func(s *signIn, _ http.Header) {
			s.expect("code_mismatch", 4990001, code("x"))
			s.expect("code_mismatch", 4990001, code("x"))
			s.expect("refused", 4990007, code(n.codeOf(s.identifier))) // the right one comes too late
			s.expect("refused", 4990007, nil)
			s.expect("refused", 4990007, resend)
		}, "refused"},
		{"across flows", func(s *signIn, _ http.Header) {
			s.expect("code_mismatch", 4990001, code("x"))
			s.begin("", nil)
			s.expect("code_sent", 1990001, nil)
			s.expect("code_mismatch", 4990001, code("x"))
		}, "refused"},
		{"across a resend, which does not begin anew", func(s *signIn, _ http.Header) {
			s.expect("code_mismatch", 4990001, code("x"))
			n.later(time.Minute)
			s.expect("code_resent", 1990002, resend)
			s.expect("code_mismatch", 4990001, code("x"))
		}, "refused"},
		{"across giving up", func(s *signIn, _ http.Header) {
			s.expect("code_mismatch", 4990001, code("x"))
			s.expect("cancelled", 1990003, map[string]any{"action": "cancel"})
			n.later(time.Minute)
			s.expect("code_sent", 1990001, nil)
			s.expect("code_mismatch", 4990001, code("x"))
		}, "refused"},
		{"from a browser, too", func(s *signIn, _ http.Header) {
			f := newForm(t, s.identifier)
			f.submit(`{}`)
			for range 2 {
				if got := f.ending(`{"two_factor": {"code": "x"}}`); got != "code_mismatch" {
					n.t.Errorf("got %s", got)
				}
			}
		}, "refused"},
		{"across the new password of its holder", func(s *signIn, session http.Header) {
			s.expect("code_mismatch", 4990001, code("x"))
			s.password += "-new"
			newPassword(n.t, session, s.password)
			s.begin("", nil)
			s.expect("code_sent", 1990001, nil)
			s.expect("code_mismatch", 4990001, code("x"))
		}, "refused"},
		{"a right one clears those of its own sign-in, and no others", func(s *signIn, _ http.Header) {
			s.expect("code_mismatch", 4990001, code("x"))
			s.expectIn(code(n.codeOf(s.identifier)))
			s.begin("", nil)
			s.expect("code_sent", 1990001, nil)
			s.expect("code_mismatch", 4990001, code("x")) // the 99th
		}, asked},
		{"so that what a thief tried before goes on counting", func(s *signIn, _ http.Header) {
			s.expect("code_mismatch", 4990001, code("x"))
			s.expectIn(code(n.codeOf(s.identifier)))
			s.begin("", nil)
			s.expect("code_sent", 1990001, nil)
			s.expect("code_mismatch", 4990001, code("x"))
			s.expect("code_mismatch", 4990001, code("x")) // the hundredth
		}, "refused"},
		{"no code at all counts for nothing", func(s *signIn, _ http.Header) {
			for range 3 {
				s.expect("code_sent", 1990001, code(" 　"))
			}
		}, asked},
		{"nor does a wrong password", func(s *signIn, _ http.Header) {
			right := s.password
			s.password = "wrong"
			for range 3 {
				s.expectOut(code("x"))
			}
			s.password = right
		}, asked},
		{"nor do those of another account", func(s *signIn, _ http.Header) {
			other := newSignIn(n.t, account(n.t, nil))
			other.expect("code_sent", 1990001, nil)
			for range 3 {
				other.expect("code_mismatch", 4990001, code("x"))
			}
		}, asked},
		{"nor does the flow of another account", func(s *signIn, _ http.Header) {
			other := newSignIn(n.t, account(n.t, nil))
			other.flow = s.flow
			other.expect("code_sent", 1990001, nil)
			for range 3 {
				other.expect("code_mismatch", 4990001, code("x"))
			}
		}, asked},
	} {
		t.Run(tc.what, func(t *testing.T) {
			n.t = t
			s := newSignIn(t, account(t, nil))
			s.expect("code_sent", 1990001, nil)
			session := s.expectIn(code(n.codeOf(s.identifier)))
			n.rested()
			s.begin("", nil)
			s.expect("code_sent", 1990001, nil)
			n.tried(s.identifier, 98)
			tc.do(s, session)
			s.begin("", nil)
			if got := s.submit(nil).ending(); got != tc.ends {
				t.Errorf("a new sign-in ends with %s, want %s", got, tc.ends)
			}
		})
	}
	t.Run("an account that is asked for none is not kept out", func(t *testing.T) {
		n.t = t
		name := account(t, func(a *kratos.Account) { a.TwoFactor = false })
		n.tried(name, 100)
		newSignIn(t, name).expectIn(nil)
	})
}

// A person who knows the password has codes sent until there are no more. The holder, at a browser that was remembered once, still gets a
// code.
func TestTheHoldersBrowserHasCodesOfItsOwn(t *testing.T) {
	n := started(t)
	name, cookie := account(t, nil), strings.Repeat("h", 43)
	n.rememberBrowser(name, cookie)
	n.later(40 * day) // longer than the browser is remembered
	for range 5 {
		newSignIn(t, name).expect("code_sent", 1990001, nil)
	}
	newSignIn(t, name).expect("too_many_codes", 4990006, nil)
	stranger := newForm(t, name)
	if got := stranger.ending(`{}`); got != "too_many_codes" {
		t.Errorf("another browser: %s", got)
	}
	n.mailed() // so that the next mail is the holder's
	holder := newForm(t, name)
	holder.setCookie(deviceCookie, cookie)
	if got := holder.ending(`{}`); got != asked {
		t.Fatalf("the holder's browser: %s", got)
	}
	holder.in(holder.submitCode(n.newestCode()))
}

// A thief asks for each code of a day as soon as it may be sent.
func TestAThiefHasTwentyCodesADay(t *testing.T) {
	n := started(t)
	name := account(t, nil)
	codes := 0
	for left := day; left > 0; {
		r := newSignIn(t, name).submit(nil)
		if r.state() == asked {
			codes++
			continue
		}
		said := seconds.FindStringSubmatch(r.UI.Messages[0].Text)
		if said == nil {
			t.Fatalf("got %+v", r.UI.Messages)
		}
		wait, _ := strconv.Atoi(said[1])
		n.later(time.Duration(wait) * time.Second)
		left -= time.Duration(wait) * time.Second
	}
	if codes > 20 || codes < 15 {
		t.Errorf("%d codes were sent within a day", codes)
	}
}
