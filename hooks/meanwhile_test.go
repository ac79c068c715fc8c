package hooks

import (
	"net/http"
	"testing"

	"nidan/challenge"
	"nidan/policies"
)

// The situation is read before the transaction, while other calls write. If the situation has changed in the transaction, the new one counts.
func TestWhatChangesWhileASignInIsDecidedCounts(t *testing.T) {
	code := func(s *scene) object { return object{codeAt: s.mailed()} }
	for name, tc := range map[string]struct {
		before func(s *scene)
		submit func(s *scene) object
		then   func(s *scene)
		want   challenge.State // empty: let in
	}{
		"two-step verification is switched on": {
			before: func(s *scene) { s.sql("UPDATE settings SET two_factor = 0") },
			then:   func(s *scene) { s.sql("UPDATE settings SET two_factor = 1") },
			want:   challenge.CodeSent,
		},
		"two-step verification is switched off": {
			then: func(s *scene) { s.sql("UPDATE settings SET two_factor = 0") },
		},
		"the device is forgotten": {
			submit: func(s *scene) object {
				device := s.expect(challenge.CodeSent, nil).context.Challenge.DeviceToken
				s.expectIn(object{codeAt: s.mailed(), rememberAt: true})
				return object{"flow/id": "flow-2", tokenAt: device}
			},
			then: func(s *scene) { s.sql("DELETE FROM devices") },
			want: challenge.CodeSent,
		},
		"the code is used by another submission": {
			before: func(s *scene) { s.expect(challenge.CodeSent, nil) },
			submit: code,
			then:   func(s *scene) { s.expectIn(code(s)) },
			want:   challenge.SignInAgain,
		},
		"the last tries are used up by others": {
			before: func(s *scene) { s.expect(challenge.CodeSent, nil) },
			submit: code,
			then:   func(s *scene) { s.sql("UPDATE challenges SET attempts = max_attempts") },
			want:   challenge.AttemptsExceeded,
		},
		"the challenge is given up": {
			before: func(s *scene) { s.expect(challenge.CodeSent, nil) },
			submit: code,
			then:   func(s *scene) { s.expect(challenge.Cancelled, object{actionAt: "cancel"}) },
			want:   challenge.TooManyCodes,
		},
		"the password is changed": {
			before: func(s *scene) { s.expect(challenge.CodeSent, nil) },
			submit: code,
			then: func(s *scene) {
				s.sql("INSERT INTO accounts (account_id, password_changed_at) VALUES ('agent-id', 1)")
			},
			want: challenge.SignInAgain,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, policies.Shipped())
			if tc.before != nil {
				tc.before(s)
			}
			var changes object
			if tc.submit != nil {
				changes = tc.submit(s)
			}
			s.mails.then = func() { tc.then(s) }
			if tc.want == "" {
				s.expectIn(changes)
			} else {
				s.expect(tc.want, changes)
			}
		})
	}
}

func TestACallThatIsAnsweredMeanwhileGetsThatAnswer(t *testing.T) {
	s := newScene(t, policies.Shipped())
	body := s.body(nil)
	var first reply
	s.mails.then = func() { first = s.read(s.post(body, nil)) }
	second := s.read(s.post(body, nil))
	if first.status != http.StatusBadRequest || second.raw != first.raw {
		t.Errorf("the first got %d %s, the second %d %s", first.status, first.raw, second.status, second.raw)
	}
	s.expectMails(1)
}
