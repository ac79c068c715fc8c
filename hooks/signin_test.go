package hooks

import (
	"testing"
	"time"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/policies"
)

func TestHowASignInCameThroughIsKept(t *testing.T) {
	at := time.Date(2026, 4, 1, 8, 0, 0, 123456789, time.UTC)
	stamped := func(changes object) object {
		changes["session/authenticated_at"] = at.Format(time.RFC3339Nano)
		return changes
	}
	for name, tc := range map[string]struct {
		signIn func(*scene)
		want   exchange.SignIn
	}{
		"with a code": {func(s *scene) {
			s.expect(challenge.CodeSent, browser(mine, nil))
			s.expectIn(browser(mine, stamped(object{codeAt: s.mailed()})))
		}, exchange.SignIn{Channel: "admin_console", SecondStep: exchange.StepPassed}},
		"on a remembered device": {func(s *scene) {
			s.expect(challenge.CodeSent, browser(mine, nil))
			s.expectIn(browser(mine, object{codeAt: s.mailed(), rememberAt: true}))
			s.expectIn(browser(mine, stamped(object{"flow/id": "flow-2"})))
		}, exchange.SignIn{Channel: "admin_console", SecondStep: exchange.StepRemembered}},
		"without being asked": {func(s *scene) {
			s.expectIn(stamped(object{"identity/metadata_public": nil}))
		}, exchange.SignIn{Channel: "softphone", SecondStep: exchange.StepNotAsked}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, policies.Shipped())
			tc.signIn(s)
			got, err := s.store.SignIn(t.Context(), "agent-id", at)
			if err != nil || got.Channel != tc.want.Channel || got.SecondStep != tc.want.SecondStep {
				t.Errorf("got %+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
}

func TestWhoIsKeptOutLeavesNoSignIn(t *testing.T) {
	s := newScene(t, policies.Shipped())
	s.expect(challenge.CodeSent, nil)
	s.expect(challenge.CodeMismatch, object{codeAt: s.wrong()})
	var kept int
	if err := s.store.DB().QueryRowContext(t.Context(), "SELECT count(*) FROM sign_ins").Scan(&kept); err != nil || kept != 0 {
		t.Errorf("%d are kept, %v", kept, err)
	}
}
