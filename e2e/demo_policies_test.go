package e2e

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A team can try a folder of its own policies without a Kratos of its own.
func TestDemoWithPoliciesOfOnesOwn(t *testing.T) {
	folder := changedPolicies(t, `"always_asked_roles": []`, `"always_asked_roles": ["owner"]`)
	// Without the low cost, the demo's start would mostly wait for the hashes of passwords.
	cmd, out := demo(t, []string{"TMPDIR=" + t.TempDir(), "HASHERS_BCRYPT_COST=4"}, "--kratos", kratosBinary, "--policies", folder)
	n := &nidan{t: t, log: out}
	// This has no timeout: another Kratos starts beside the Kratos of the tests.
	for !strings.Contains(out.String(), "Ctrl-C ends it.") {
		if strings.Contains(out.String(), "nidan: ") {
			t.Fatalf("it does not start:\n%s", out)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if !strings.Contains(out.String(), "The policies in "+folder+" decide") {
		t.Errorf("it does not say what decides:\n%s", out)
	}
	before := kratosPublic
	kratosPublic = demoKratos
	t.Cleanup(func() { kratosPublic = before })
	demoSignIn(t, "owner").expect("code_sent", 1990001, nil) // the owner's own flag is off
	demoSignIn(t, "plain").expectIn(nil)

	rules := filepath.Join(folder, "login", "login.rego")
	edit(t, rules, "} else := {\"action\": \"allow\", \"reason\": \"two_factor_off\"}",
		`} else := {"action": "refuse", "reason": "closed_today", "message": {"ja": "本日は休業日です。", "en": "We are closed today."}} if {
	input.account.name == "plain"
} else := {"action": "allow", "reason": "two_factor_off"}`)
	n.eventually("the changed policies decide", func() bool { return strings.Count(out.String(), "policies activated") == 2 })
	if r := demoSignIn(t, "plain").expect("refused", 4990007, nil); r.UI.Messages[0].Text != "本日は休業日です。" {
		t.Errorf("the person reads %q", r.UI.Messages[0].Text)
	}

	edit(t, rules, "input.account.name == \"plain\"", "input.account.nmae == \"plain\"")
	n.eventually("it says why the next ones do not", func() bool { return strings.Contains(out.String(), "undefined ref: input.account.nmae") })
	demoSignIn(t, "plain").expect("refused", 4990007, nil)

	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v:\n%s", err, out)
	}
}
