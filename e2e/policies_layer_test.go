package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// policy runs one of the program's commands about policies, like a security team.
func (n *nidan) policy(args ...string) string {
	n.t.Helper()
	c := exec.CommandContext(n.t.Context(), program, append([]string{"policy"}, args...)...)
	c.Env, c.Dir = append(c.Environ(), n.env...), n.dir
	out, err := c.CombinedOutput()
	if err != nil {
		n.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestALayerIsWrittenTriedAndDecides(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "layer")
	if out, err := exec.CommandContext(t.Context(), program, "policy", "init", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	n := started(t, "NIDAN_POLICIES_DATA="+dir)
	data := filepath.Join(dir, "data.yaml")
	open, closed := account(t, off), account(t, off)
	newSignIn(t, closed).expectIn(nil)

	t.Run("a rule of one's own counts for the next sign-in", func(t *testing.T) {
		edit(t, data, "closed_accounts: []", "closed_accounts: ["+closed+"]")
		n.eventually("the change decides", n.has("/metrics", "nidan_policies_activations_total 2"))
		newSignIn(t, closed).expect("refused", 4990007, nil)
		newSignIn(t, open).expectIn(nil)
	})
	t.Run("and a parameter", func(t *testing.T) {
		edit(t, data, "# always_asked_roles: []", "always_asked_roles: [user]")
		n.eventually("the change decides", n.has("/metrics", "nidan_policies_activations_total 3"))
		newSignIn(t, open).expect("code_sent", 1990001, nil)
	})
	t.Run("a misspelt one changes nothing, and it is said which is meant", func(t *testing.T) {
		edit(t, data, "always_asked_roles: [user]", "always_asked_role: [user]")
		n.eventually("the refusal", n.has("/readyz", "data.parameters.always_asked_role is not in the policies that ship; is always_asked_roles meant?"))
		newSignIn(t, open).expect("code_sent", 1990001, nil)
		newSignIn(t, closed).expect("refused", 4990007, nil)
		edit(t, data, "always_asked_role: [user]", "always_asked_roles: [user]")
		n.eventually("the refusal is over", n.has("/metrics", "\nnidan_policies_refused 0\n"))
	})
	t.Run("what decided is kept, and says what it is", func(t *testing.T) {
		said := n.policy("show")
		if strings.Count(said, "the policies that ship, with the layer "+dir) != 3 {
			t.Fatalf("got %s", said)
		}
		revision, _, _ := strings.Cut(said, " ")
		if files := n.policy("show", revision); !strings.Contains(files, "# custom/login.rego\n") || !strings.Contains(files, "# login/login.rego\n") {
			t.Errorf("got %s", files)
		}
	})
}
