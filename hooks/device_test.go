package hooks

import (
	"strings"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/policies"
)

const rememberAt = "flow/transient_payload/two_factor/remember"

// browser are the changes that turn a call into a browser's call with this device cookie.
func browser(cookie string, more object) object {
	changes := object{"flow/type": "browser", "request_cookies": object{"nidan_device": cookie, "other": "x"}}
	for k, v := range more {
		changes[k] = v
	}
	return changes
}

var (
	mine   = strings.Repeat("m", 43)
	theirs = strings.Repeat("t", 43)
)

// remembered is a scene in which the account is remembered on its browser.
func remembered(t *testing.T) *scene {
	t.Helper()
	s := newScene(t, policies.Shipped())
	s.expect(challenge.CodeSent, browser(mine, nil))
	s.expectIn(browser(mine, object{codeAt: s.mailed(), rememberAt: true}))
	return s
}

func TestARememberedBrowserIsNotAsked(t *testing.T) {
	s := remembered(t)
	s.expectIn(browser(mine, object{"flow/id": "flow-2"}))
	s.now = s.now.Add(30*24*time.Hour - time.Second)
	s.expectIn(browser(mine, object{"flow/id": "flow-3"}))
	s.now = s.now.Add(time.Second)
	s.expect(challenge.CodeSent, browser(mine, object{"flow/id": "flow-4"}))
}

// The attack: a thief puts a device token that the thief knows into the victim's browser.
func TestAPlantedTokenIsWorthNothingOnceACodePassed(t *testing.T) {
	next := strings.Repeat("n", 43)
	s := remembered(t) // the thief knows the token, and has an account that is remembered by it
	victim := object{"identity/id": "victim-id", "flow/id": "flow of the victim"}
	s.expect(challenge.CodeSent, browser(mine, victim))
	victim[codeAt], victim[rememberAt] = s.codeOf("flow of the victim"), true
	passing := browser(mine, victim)
	passing["request_cookies"].(object)["nidan_device_next"] = next
	s.expectIn(passing)

	victim = object{"identity/id": "victim-id", "flow/id": "flow of the thief"}
	s.expect(challenge.CodeSent, browser(mine, victim))
	victim["flow/id"] = "flow-2"
	s.expectIn(browser(next, victim))
	s.expectIn(browser(next, object{"flow/id": "flow-3"})) // the browser's other account is still remembered
	s.expect(challenge.CodeSent, browser(mine, object{"flow/id": "flow-4"}))
}

func TestWhoIsAskedAllTheSame(t *testing.T) {
	for name, changes := range map[string]object{
		"another browser":                       browser(theirs, nil),
		"a browser without the cookie":          {"flow/type": "browser"},
		"another account in the same browser":   browser(mine, object{"identity/id": "other-id"}),
		"a cookie of another name":              {"flow/type": "browser", "request_cookies": object{"__Host-nidan_device": mine}},
		"a native client that sends the cookie": {"request_cookies": object{"nidan_device": mine}},
		"a browser whose cookie is cut short":   browser(mine[:31], nil),
		"a flow whose kind cannot be told":      browser(mine, object{"flow/type": ""}),
	} {
		t.Run(name, func(t *testing.T) {
			s := remembered(t)
			changes["flow/id"] = "flow-2"
			s.expect(challenge.CodeSent, changes)
		})
	}
}

func TestAFlagSwitchedOffForgetsTheDevices(t *testing.T) {
	s := remembered(t)
	s.expectIn(browser(mine, object{"flow/id": "flow-2", "identity/metadata_public/two_factor": object{"enabled": false}}))
	s.expect(challenge.CodeSent, browser(mine, object{"flow/id": "flow-3"}))
}

func TestABrowserIsNotRemembered(t *testing.T) {
	for name, tc := range map[string]struct {
		settings string
		submit   object
	}{
		"when nobody asked for it": {"", object{}},
		"when remembering is off":  {"UPDATE settings SET remember = 0", object{rememberAt: true}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, policies.Shipped())
			if tc.settings != "" {
				if _, err := s.store.DB().ExecContext(t.Context(), tc.settings); err != nil {
					t.Fatal(err)
				}
			}
			s.expect(challenge.CodeSent, browser(mine, nil))
			tc.submit[codeAt] = s.mailed()
			s.expectIn(browser(mine, tc.submit))
			if _, err := s.store.DB().ExecContext(t.Context(), "UPDATE settings SET remember = 1"); err != nil {
				t.Fatal(err)
			}
			s.expect(challenge.CodeSent, browser(mine, object{"flow/id": "flow-2"}))
		})
	}
}

const tokenAt = "flow/transient_payload/two_factor/device_token"

func TestARememberedNativeClientIsNotAsked(t *testing.T) {
	s := newScene(t, policies.Shipped())
	token := s.expect(challenge.CodeSent, nil).context.Challenge.DeviceToken
	if len(token) != 43 {
		t.Fatalf("the token is %q", token)
	}
	if again := s.expect(challenge.CodeSent, object{tokenAt: token, "flow/id": "flow-2"}).context.Challenge.DeviceToken; again == token {
		t.Error("two challenges have the same token")
	}
	s.expectIn(object{codeAt: s.codeOf("flow-1"), rememberAt: true})
	for name, changes := range map[string]object{
		"another account":                 {tokenAt: token, "identity/id": "other-id"},
		"no token":                        {},
		"the token cut short":             {tokenAt: token[:42]},
		"a browser that sends it":         {tokenAt: token, "flow/type": "browser"},
		"a browser with it as its cookie": browser(token, nil),
	} {
		t.Run(name+" is asked", func(t *testing.T) {
			changes["flow/id"] = "flow of " + name
			s.t, s.now = t, s.now.Add(10*time.Minute) // an account may have five codes in that time
			s.expect(challenge.CodeSent, changes)
		})
	}
	s.t = t
	s.expectIn(object{tokenAt: token, "flow/id": "flow-3"})
	s.now = s.now.Add(30 * 24 * time.Hour)
	s.expect(challenge.CodeSent, object{tokenAt: token, "flow/id": "flow-4"})
}

func TestATokenIsGivenToNativeClientsOnly(t *testing.T) {
	s := newScene(t, policies.Shipped())
	if got := s.expect(challenge.CodeSent, browser(mine, nil)).context.Challenge.DeviceToken; got != "" {
		t.Errorf("a browser is given %q, which its scripts could read", got)
	}
	if _, err := s.store.DB().ExecContext(t.Context(), "UPDATE settings SET remember = 0"); err != nil {
		t.Fatal(err)
	}
	if got := s.expect(challenge.CodeSent, object{"flow/id": "flow-2"}).context.Challenge.DeviceToken; got != "" {
		t.Errorf("with remembering off, %q is given", got)
	}
}

func TestATokenIsWorthNothingBeforeTheCode(t *testing.T) {
	s := newScene(t, policies.Shipped())
	token := s.expect(challenge.CodeSent, nil).context.Challenge.DeviceToken
	s.expect(challenge.CodeMismatch, object{codeAt: s.wrong(), rememberAt: true, tokenAt: token})
	s.expect(challenge.CodeSent, object{tokenAt: token, "flow/id": "flow-2"})
}

func TestTokensAreNotKept(t *testing.T) {
	s := remembered(t)
	native := s.expect(challenge.CodeSent, object{"flow/id": "flow-2"}).context.Challenge.DeviceToken
	s.expectIn(object{"flow/id": "flow-2", codeAt: s.mailed(), rememberAt: true})
	for name, token := range map[string]string{"a browser's": mine, "a native client's": native} {
		var found int
		err := s.store.DB().QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM devices WHERE instr(token_hash, $1)) +
			(SELECT count(*) FROM records WHERE instr(detail, $1)) + (SELECT count(*) FROM deliveries WHERE instr(body, $1))`,
			[]byte(token)).Scan(&found)
		if err != nil || found != 0 {
			t.Errorf("%s is found %d times, %v", name, found, err)
		}
		if strings.Contains(s.log.String(), token) {
			t.Errorf("%s stands in the log", name)
		}
	}
}
