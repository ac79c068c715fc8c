package e2e

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"nidan/kratos"
)

// deviceCookie is the name of the device cookie over plain HTTP.
const deviceCookie = "nidan_device"

// rememberSoftphone makes Nidan remember a softphone for an account, and returns the softphone's token.
func (n *nidan) rememberSoftphone(account string) string {
	n.t.Helper()
	s := newSignIn(n.t, account)
	token := s.expect("code_sent", 1990001, nil).UI.Messages[0].Context.Challenge.DeviceToken
	if len(token) < 32 {
		n.t.Fatalf("the softphone is given %q", token)
	}
	s.expectIn(map[string]any{"code": n.codeOf(account), "remember": true})
	return token
}

// rememberBrowser makes Nidan remember the browser with this cookie for an account.
func (n *nidan) rememberBrowser(account, cookie string) {
	n.t.Helper()
	f := newForm(n.t, account)
	f.setCookie(deviceCookie, cookie)
	f.submit(`{}`)
	f.in(f.submit(`{"two_factor": {"code": "` + n.codeOf(account) + `", "remember": true}}`))
}

// The token or the cookie of a remembered device opens nothing for another account or on another channel.
func TestBorrowedDevices(t *testing.T) {
	n := started(t)
	mine, theirs := account(t, nil), account(t, nil)
	myToken, theirToken := n.rememberSoftphone(mine), n.rememberSoftphone(theirs)
	myCookie, theirCookie := strings.Repeat("m", 43), strings.Repeat("t", 43)
	n.rememberBrowser(mine, myCookie)
	n.rememberBrowser(theirs, theirCookie)

	s := newSignIn(t, mine)
	notPassed := s.expect("code_sent", 1990001, nil).UI.Messages[0].Context.Challenge.DeviceToken
	right := n.codeOf(mine)
	s.expect("code_mismatch", 4990001, map[string]any{"code": wrong(right), "remember": true, "device_token": notPassed})
	s = newSignIn(t, mine)
	notWished := s.expect("code_sent", 1990001, nil).UI.Messages[0].Context.Challenge.DeviceToken
	s.expectIn(code(n.codeOf(mine)))

	for _, tc := range []struct{ how, token, ends string }{
		{"one's own token", myToken, letIn}, // no lie: this case shows that the other cases could have been let in
		{"the token of another account", theirToken, asked},
		{"the token of a challenge whose code was wrong, though it was to be remembered", notPassed, asked},
		{"the token of a challenge that was passed without the wish to be remembered", notWished, asked},
		{"the value of one's own browser's cookie", myCookie, asked},
		{"the value of another's browser's cookie", theirCookie, asked},
		{"one's own token cut short", myToken[:42], asked},
		{"one's own token with something after it", myToken + "=", asked},
		{"one's own token in other letters", strings.ToLower(myToken), asked},
		{"nothing", "", asked},
	} {
		t.Run("as a softphone, "+tc.how, func(t *testing.T) {
			n.t = t
			n.rested()
			if got := newSignIn(t, mine).submit(map[string]any{"device_token": tc.token}).ending(); got != tc.ends {
				t.Errorf("%s, want %s", got, tc.ends)
			}
		})
	}
	for _, tc := range []struct{ how, name, cookie, payload, ends string }{
		{"one's own cookie", deviceCookie, myCookie, `{}`, letIn},
		{"the cookie of another account", deviceCookie, theirCookie, `{}`, asked},
		{"the token of one's own softphone for a cookie", deviceCookie, myToken, `{}`, asked},
		{"the token of another's softphone for a cookie", deviceCookie, theirToken, `{}`, asked},
		{"the cookie under the name it has over HTTPS", "__Host-" + deviceCookie, myCookie, `{}`, asked},
		{"the cookie under another name", "Nidan_Device", myCookie, `{}`, asked},
		{"the cookie's value as device_token", "x", "", `{"two_factor": {"device_token": "` + myCookie + `"}}`, asked},
		{"the softphone's token as device_token", "x", "", `{"two_factor": {"device_token": "` + myToken + `"}}`, asked},
	} {
		t.Run("as a browser, "+tc.how, func(t *testing.T) {
			n.t = t
			n.rested()
			f := newForm(t, mine)
			f.setCookie(tc.name, tc.cookie)
			if got := f.ending(tc.payload); got != tc.ends {
				t.Errorf("%s, want %s", got, tc.ends)
			}
		})
	}
	t.Run("as a softphone that sends the browser's cookie", func(t *testing.T) {
		s := newSignIn(t, mine)
		s.header = http.Header{"Cookie": {deviceCookie + "=" + myCookie}}
		if got := s.submit(nil).ending(); got != byKratos {
			t.Errorf("got %s", got)
		}
	})
}

// A code is valid for the account and the flow that it was sent for, until it is given up, replaced or used.
func TestBorrowedFlowsAndCodes(t *testing.T) {
	n := started(t)
	for _, tc := range []struct {
		how  string
		lie  func(t *testing.T, mine, theirs *signIn) reply // both have been asked for a code, and both codes have been sent
		ends string
	}{
		{"one's own code", func(_ *testing.T, mine, _ *signIn) reply { return mine.submit(code(n.codeOf(mine.identifier))) }, letIn},
		{"the flow of another, with one's own code", func(_ *testing.T, mine, theirs *signIn) reply {
			right := n.codeOf(mine.identifier)
			mine.flow = theirs.flow
			return mine.submit(code(right))
		}, asked},
		{"the flow of another, with the other's code", func(_ *testing.T, mine, theirs *signIn) reply {
			mine.flow = theirs.flow
			return mine.submit(code(n.codeOf(theirs.identifier)))
		}, asked},
		{"the code of another", func(_ *testing.T, mine, theirs *signIn) reply {
			return mine.submit(code(n.codeOf(theirs.identifier)))
		}, "code_mismatch"},
		{"the code of another flow of one's own", func(t *testing.T, mine, _ *signIn) reply {
			first := n.codeOf(mine.identifier)
			second := newSignIn(t, mine.identifier)
			second.submit(nil)
			n.newestCode()
			return second.submit(code(first))
		}, "code_mismatch"},
		{"the code of another flow of one's own, in one that was asked for none", func(t *testing.T, mine, _ *signIn) reply {
			return newSignIn(t, mine.identifier).submit(code(n.codeOf(mine.identifier)))
		}, asked},
		{"a code that was given up", func(_ *testing.T, mine, _ *signIn) reply {
			right := n.codeOf(mine.identifier)
			mine.submit(map[string]any{"action": "cancel"})
			return mine.submit(code(right))
		}, "too_many_codes"},
		{"a code that was given up, when there is another", func(_ *testing.T, mine, _ *signIn) reply {
			right := n.codeOf(mine.identifier)
			mine.submit(map[string]any{"action": "cancel"})
			n.rested()
			mine.submit(nil)
			n.newestCode()
			return mine.submit(code(right))
		}, "code_mismatch"},
		{"a code given up in the same breath", func(_ *testing.T, mine, _ *signIn) reply {
			return mine.submit(map[string]any{"action": "cancel", "code": n.codeOf(mine.identifier)})
		}, "cancelled"},
		{"a code that another one replaced", func(_ *testing.T, mine, _ *signIn) reply {
			right := n.codeOf(mine.identifier)
			n.rested()
			mine.submit(resend)
			n.newestCode()
			return mine.submit(code(right))
		}, "code_mismatch"},
		{"a code replaced in the same breath", func(_ *testing.T, mine, _ *signIn) reply {
			right := n.codeOf(mine.identifier)
			n.rested()
			return mine.submit(map[string]any{"action": "resend", "code": right})
		}, "code_resent"},
		{"a code that has expired", func(_ *testing.T, mine, _ *signIn) reply {
			right := n.codeOf(mine.identifier)
			n.rested()
			return mine.submit(code(right))
		}, "code_expired"},
		{"a code that was used", func(_ *testing.T, mine, _ *signIn) reply {
			right := n.codeOf(mine.identifier)
			mine.submit(code(right))
			return mine.submit(code(right))
		}, "sign_in_again"},
		{"a code that was used, in another flow", func(t *testing.T, mine, _ *signIn) reply {
			right := n.codeOf(mine.identifier)
			mine.submit(code(right))
			return newSignIn(t, mine.identifier).submit(code(right))
		}, asked},
		{"one's own code with another password", func(_ *testing.T, mine, _ *signIn) reply {
			mine.password = "another"
			return mine.submit(code(n.codeOf(mine.identifier)))
		}, byKratos},
		{"a code under the name Code", func(_ *testing.T, mine, _ *signIn) reply {
			return mine.submit(map[string]any{"Code": n.codeOf(mine.identifier)})
		}, asked},
		{"a wrong code, and the right one under the name Code", func(_ *testing.T, mine, _ *signIn) reply {
			right := n.codeOf(mine.identifier)
			return mine.submit(map[string]any{"code": wrong(right), "Code": right})
		}, "code_mismatch"},
		{"two codes in one", func(_ *testing.T, mine, _ *signIn) reply {
			right := n.codeOf(mine.identifier)
			return mine.submit(code(right + " " + wrong(right)))
		}, "code_mismatch"},
	} {
		t.Run(tc.how, func(t *testing.T) {
			n.t = t
			mine, theirs := newSignIn(t, account(t, nil)), newSignIn(t, account(t, nil))
			mine.expect("code_sent", 1990001, nil)
			theirs.expect("code_sent", 1990001, nil)
			if got := tc.lie(t, mine, theirs).ending(); got != tc.ends {
				t.Errorf("%s, want %s", got, tc.ends)
			}
		})
	}
}

// Kratos handles two submissions of a flow at the same time, so Nidan must make sure that only one passes.
func TestARightCodeEnteredManyTimesAtOnceOpensOneSession(t *testing.T) {
	n := started(t)
	s := newSignIn(t, account(t, nil))
	s.expect("code_sent", 1990001, nil)
	body := `{"method": "password", "identifier": "` + s.identifier + `", "password": "` + s.password + `",
		"transient_payload": {"two_factor": {` + softphone + `, "code": "` + n.codeOf(s.identifier) + `"}}}`
	theRelay.set(n.hooks, 0, "")
	ends := make([]string, 4)
	var all sync.WaitGroup
	for i := range ends {
		all.Go(func() {
			r, err := s.send(body)
			if ends[i] = r.ending(); err != nil {
				ends[i] = err.Error()
			}
		})
	}
	all.Wait()
	_, answers := theRelay.seen()
	passed := 0
	for _, answer := range answers {
		if !strings.HasPrefix(answer, "400 ") {
			passed++
		}
	}
	in := 0
	for _, end := range ends {
		if end == letIn {
			in++
		}
	}
	if passed != 1 || in != 1 {
		t.Errorf("Nidan let %d through, and the submissions ended so: %q", passed, ends)
	}
}

func TestAFlowOfAnotherLetsNobodyInAsTheOther(t *testing.T) {
	n := started(t)
	theirs := newSignIn(t, account(t, nil))
	theirs.expect("code_sent", 1990001, nil)
	right := n.codeOf(theirs.identifier)
	plain := newSignIn(t, account(t, func(a *kratos.Account) { a.TwoFactor = false }))
	plain.flow = theirs.flow
	session := plain.expectIn(nil)
	var who struct{ Identity identity }
	plain.json(http.MethodGet, kratosPublic+"/sessions/whoami", nil, session, &who)
	if got := who.Identity.Traits["account"]; got != plain.identifier {
		t.Errorf("it is the session of %v, want %s", got, plain.identifier)
	}
	theirs.expectIn(code(right))
}
