package hooks

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/policies"
)

// decide replaces the policies by one that always gives this decision.
func (s *scene) decide(decision string) {
	s.t.Helper()
	engine, err := policies.New(s.t.Context(), set(decision))
	if err != nil {
		s.t.Fatal(err)
	}
	s.hook.Policies = engine
}

func TestARefusalIsShownAsTheDecisionSays(t *testing.T) {
	const inBoth = `"message": {"ja": "日曜日は休みです。", "en": "Closed on Sundays."}`
	for name, tc := range map[string]struct {
		decision, locale string
		state            challenge.State
		id               int64
		text             string
	}{
		"with the usual sentence":                  {`{"action": "refuse"}`, "ja", challenge.Refused, 4990007, "管理者"},
		"as refused":                               {`{"action": "refuse", "state": "refused"}`, "en", challenge.Refused, 4990007, "Ask your administrator."},
		"as something to sign in again for":        {`{"action": "refuse", "state": "sign_in_again"}`, "en", challenge.SignInAgain, 4990004, "Sign in again"},
		"as a client that is too old":              {`{"action": "refuse", "state": "client_too_old"}`, "ja", stateClientTooOld, 4990005, "Two factor auth key required."},
		"in the policies' words":                   {`{"action": "refuse", "message": "Not on Sundays."}`, "ja", challenge.Refused, 4990007, "Not on Sundays."},
		"in the person's language":                 {`{"action": "refuse", ` + inBoth + `}`, "ja", challenge.Refused, 4990007, "日曜日は休みです。"},
		"in the person's other language":           {`{"action": "refuse", ` + inBoth + `}`, "en", challenge.Refused, 4990007, "Closed on Sundays."},
		"in the one language that there is":        {`{"action": "refuse", "message": {"ja": "休みです。"}}`, "en", challenge.Refused, 4990007, "休みです。"},
		"in the policies' words, in another state": {`{"action": "refuse", "state": "sign_in_again", ` + inBoth + `}`, "en", challenge.SignInAgain, 4990004, "Closed on Sundays."},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, set(tc.decision))
			r := s.expect(tc.state, object{"flow/transient_payload/two_factor/locale": tc.locale})
			if r.id != tc.id || !strings.Contains(r.text, tc.text) {
				t.Errorf("got %d %q", r.id, r.text)
			}
			if got := s.recorded(); !slices.Equal(got, []string{string(tc.state) + " test"}) {
				t.Errorf("recorded %q", got)
			}
		})
	}
}

// The message of a refusal would confuse a person who is asked for a code.
func TestAMessageIsShownToThoseWhoAreRefusedAlone(t *testing.T) {
	s := newScene(t, set(`{"action": "challenge", "message": "Not on Sundays."}`))
	if r := s.expect(challenge.CodeSent, nil); strings.Contains(r.text, "Sundays") {
		t.Errorf("got %q", r.text)
	}
	if r := s.expect(challenge.CodeMismatch, object{codeAt: s.wrong()}); strings.Contains(r.text, "Sundays") {
		t.Errorf("got %q", r.text)
	}
}

// What a session may do depends on second_step and never on the reason, so a team can use reasons of its own.
func TestASessionCountsAsTheDecisionSays(t *testing.T) {
	for name, tc := range map[string]struct {
		decision string
		want     exchange.SecondStep
	}{
		"as remembered, for a reason of the team's own": {`{"action": "allow", "reason": "known_tablet", "second_step": "remembered"}`, exchange.StepRemembered},
		"as not asked":                                    {`{"action": "allow", "reason": "known_tablet", "second_step": "not_asked"}`, exchange.StepNotAsked},
		"as not asked, where nothing is said":             {`{"action": "allow", "reason": "known_tablet"}`, exchange.StepNotAsked},
		"as not asked, though the reason once meant more": {`{"action": "allow", "reason": "device_remembered"}`, exchange.StepNotAsked},
	} {
		t.Run(name, func(t *testing.T) {
			s := remembered(t)
			s.decide(tc.decision)
			s.expectIn(browser(mine, object{"flow/id": "flow-2"}))
			var step string
			err := s.store.DB().QueryRowContext(t.Context(), `SELECT second_step FROM sign_ins ORDER BY authenticated_at DESC LIMIT 1`).Scan(&step)
			if err != nil || step != string(tc.want) {
				t.Errorf("the session counts as %s, %v, want %s", step, err, tc.want)
			}
		})
	}
}

func TestASignInDoesNotCountAsRememberedOnADeviceThatIsNotKnown(t *testing.T) {
	s := remembered(t)
	s.decide(`{"action": "allow", "second_step": "remembered"}`)
	s.expectIn(browser(mine, object{"flow/id": "flow-2"}))
	s.expect(stateUnavailable, browser(theirs, object{"flow/id": "flow-3"}))
}

func TestDevicesAreForgottenWhereTheDecisionSaysSo(t *testing.T) {
	for name, tc := range map[string]struct {
		decision  string
		then      challenge.State // empty: let in
		forgotten bool
	}{
		"letting somebody in":                          {`{"action": "allow", "reason": "on_leave", "forget_devices": true}`, "", true},
		"refusing somebody":                            {`{"action": "refuse", "reason": "left_the_house", "forget_devices": true}`, challenge.Refused, true},
		"asking for a code":                            {`{"action": "challenge", "reason": "new_country", "forget_devices": true}`, challenge.CodeSent, true},
		"not where it says that they are not":          {`{"action": "allow", "forget_devices": false}`, "", false},
		"not where it says nothing":                    {`{"action": "allow"}`, "", false},
		"not because the reason once meant it":         {`{"action": "allow", "reason": "account_off"}`, "", false},
		"not where nothing could be decided after all": {`{"action": "allow", "forget_devices": true, "x": 1}`, stateUnavailable, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := remembered(t)
			shipped := s.hook.Policies
			s.decide(tc.decision)
			if tc.then == "" {
				s.expectIn(browser(mine, object{"flow/id": "flow-2"}))
			} else {
				s.expect(tc.then, browser(mine, object{"flow/id": "flow-2"}))
			}
			s.hook.Policies = shipped
			if r := s.submit(browser(mine, object{"flow/id": "flow-3"})); (r.state == "code_sent") != tc.forgotten {
				t.Errorf("then comes %d %s", r.status, r.state)
			}
		})
	}
}

func TestThePoliciesAreToldTheLanguages(t *testing.T) {
	const localeAt = "flow/transient_payload/two_factor/locale"
	for name, tc := range map[string]struct {
		changes          object
		account, request string
	}{
		"nothing is said":               {nil, "", "ja"},
		"the account says it":           {object{"identity/traits/locale": "en-GB"}, "en-GB", "en"},
		"the client says it":            {object{"identity/traits/locale": "ja", localeAt: "en"}, "ja", "en"},
		"the client says what is not":   {object{localeAt: "fr"}, "", "ja"},
		"the browser says it":           {object{"request_headers": object{"Accept-Language": []any{"fr, en;q=0.5"}}}, "", "en"},
		"the client comes before it":    {object{localeAt: "ja", "request_headers": object{"Accept-Language": []any{"en"}}}, "", "ja"},
		"the account says what is none": {object{"identity/traits/locale": "x y z"}, "x y z", "ja"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, policies.Shipped())
			s.expect(challenge.CodeSent, tc.changes)
			var raw []byte
			if err := s.store.DB().QueryRowContext(t.Context(), `SELECT detail FROM records`).Scan(&raw); err != nil {
				t.Fatal(err)
			}
			var kept struct{ Input policies.Input }
			if err := json.Unmarshal(raw, &kept); err != nil || kept.Input.Account.Locale != tc.account || kept.Input.Request.Locale != tc.request {
				t.Errorf("told are %q and %q, %v, want %q and %q", kept.Input.Account.Locale, kept.Input.Request.Locale, err, tc.account, tc.request)
			}
		})
	}
}
