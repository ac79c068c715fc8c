package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The reasons of a team's own policies have the effects that these policies name. This is tried on the real parts.
func TestATeamsOwnReasonsAreWorthAsMuchAsThoseThatShip(t *testing.T) {
	dir := changedPolicies(t)
	login := filepath.Join(dir, "login", "login.rego")
	edit(t, login, `"reason": "device_remembered"`, `"reason": "known_tablet"`)
	edit(t, login, `"reason": "account_off"`, `"reason": "on_leave"`)
	const next = `} else := {"action": "allow", "reason": "channel_off"} if {`
	edit(t, login, next, `} else := {
	"action": "refuse",
	"reason": "house_is_closed",
	"state": "sign_in_again",
	"message": {"ja": "本日は休業日です。", "en": "We are closed today."},
} if {
	input.account.name in data.custom.closed
`+next)
	withoutTests(t, dir)
	closed := account(t, nil)
	edit(t, filepath.Join(dir, "data.json"), `"parameters"`, `"custom": {"closed": ["`+closed+`"]}, "parameters"`)
	n := started(t, "NIDAN_POLICIES_DIR="+dir)

	t.Run("a session counts as remembered", func(t *testing.T) {
		r := newRemembered(t, n)
		n.expectWorth(r.session(), "softphone remembered", "agent")
	})
	t.Run("devices are forgotten", func(t *testing.T) {
		r := newRemembered(t, n)
		changed(t, r.account, `[{"op": "replace", "path": "/metadata_public/two_factor/enabled", "value": false}]`)
		n.expectWorth(r.session(), "softphone not_asked", "agent", "console")
		changed(t, r.account, `[{"op": "replace", "path": "/metadata_public/two_factor/enabled", "value": true}]`)
		r.want(asked)
	})
	t.Run("a refusal is shown as it says, in the client's language", func(t *testing.T) {
		for locale, want := range map[string]string{"ja": "本日は休業日です。", "en": "We are closed today."} {
			answer := newSignIn(t, closed).expect("sign_in_again", 4990004, map[string]any{"locale": locale})
			if text := answer.UI.Messages[0].Text; text != want {
				t.Errorf("%s: got %q", locale, text)
			}
		}
	})
}

// An operator who updates only Nidan, and not the policies, gets an error. Otherwise remembered devices would quietly be worth less than before.
func TestWithASetOfAnEarlierVersionItDoesNotStart(t *testing.T) {
	dir := changedPolicies(t)
	edit(t, filepath.Join(dir, "login", "login.rego"), `, "second_step": "remembered"`, "")
	withoutTests(t, dir)
	n := newNidan(t, "NIDAN_POLICIES_DIR="+dir)
	c := exec.CommandContext(t.Context(), program, "serve")
	c.Env, c.Dir = append(os.Environ(), n.env...), n.dir
	out, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(out), `the reason device_remembered does nothing any more: the decision needs "second_step"`) {
		t.Errorf("got %v\n%s", err, out)
	}
}

// withoutTests removes the tests of the sign-ins from a folder of the policies that ship.
func withoutTests(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"login_test.rego", "factors_test.rego"} {
		if err := os.Remove(filepath.Join(dir, "login", name)); err != nil {
			t.Fatal(err)
		}
	}
}
