package cmd

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"nidan/policies"
)

// Each status means the same in all policy commands. TestPolicyDiff and TestPolicyTable test the statuses of comparisons.
func TestEachPolicyCommandEndsWithADocumentedStatus(t *testing.T) {
	kept(t, someSignIns()...)
	shipped, loosened := copied(t, "data.json", "", ""), loosened(t)
	broken := copied(t, "asked/asked.rego", "input.account.has_email", "input.account.email_there")
	noRego, nowhere := t.TempDir(), filepath.Join(t.TempDir(), "nowhere")
	untested := copied(t, "asked/asked.rego", `two_factor_off if input`, "two_factor_off if input.account.id == \"x\"\n\ntwo_factor_off if input")
	for line, want := range map[string]int{
		"check " + shipped:                         0,
		"check " + loosened:                        statusRefused,
		"check " + broken:                          statusRefused,
		"check " + noRego:                          statusRefused,
		"check " + shipped + "/data.json":          0, // a layer
		"check " + broken + "/asked/asked.rego":    statusRefused,
		"check " + nowhere:                         statusNotFound,
		"check --format yaml":                      statusUsage,
		"check --no-such-flag":                     statusUsage,
		"check a b":                                statusUsage,
		"test " + shipped:                          0,
		"test " + loosened:                         statusPastLimit,
		"test --coverage 100 " + untested:          statusPastLimit,
		"test " + broken:                           statusRefused,
		"test " + nowhere:                          statusNotFound,
		"test --coverage much":                     statusUsage,
		"replay":                                   0,
		"replay --max-loosened 0 " + loosened:      statusPastLimit,
		"replay --max-loosened 0 --since 1ns":      statusNotProven,
		"replay --max-loosened few":                statusUsage,
		"replay --json --format github":            statusUsage,
		"replay --format sarif":                    statusUsage,
		"replay " + broken:                         statusRefused,
		"replay " + nowhere:                        statusNotFound,
		"replay --file " + nowhere:                 statusNotFound,
		"diff":                                     statusUsage,
		"diff " + nowhere:                          statusNotFound,
		"diff " + broken:                           statusRefused,
		"diff " + shipped + " --against " + broken: statusRefused,
		"diff 0123456789abcdef":                    statusNotFound,
		"table " + nowhere:                         statusNotFound,
		"table " + broken:                          statusRefused,
		"table --of nothing":                       statusUsage,
		"eval":                                     statusUsage,
		"eval --input " + nowhere:                  statusNotFound,
		"explain 1":                                0,
		"explain 4":                                statusNotFound,
		"explain x":                                statusUsage,
		"explain 1 " + nowhere:                     statusNotFound,
		"explain 1 " + broken:                      statusRefused,
		"show":                                     0,
		"show 0123456789abcdef":                    statusNotFound,
		"rollback":                                 statusUsage,
		"rollback 0123456789abcdef --out x":        statusNotFound,
		"export":                                   statusUsage,
		"frobnicate":                               statusUsage,
		"":                                         0,
	} {
		out, err := run(t, append([]string{"policy"}, strings.Fields(line)...)...)
		if got := statusOf(err); got != want {
			t.Errorf("nidan policy %s: status %d (%v), want %d\n%s", line, got, err, want, out)
		}
	}
	t.Run("without a database", func(t *testing.T) {
		t.Setenv("NIDAN_DATABASE", "sqlite:"+nowhere+"/nidan.db")
		if _, err := run(t, "policy", "replay"); statusOf(err) != 1 {
			t.Errorf("got %v", err)
		}
	})
}

func TestTheHelpSaysEachStatus(t *testing.T) {
	out, err := run(t, "policy", "--help")
	for _, status := range []string{"   0  ", "   1  ", "   2  ", "   3  ", "   4  ", "   5  ", "  64  "} {
		if err != nil || !strings.Contains(out, "\n"+status) {
			t.Errorf("%v, without %q:\n%s", err, status, out)
		}
	}
}

func TestAStatusIsThatOfTheErrorBelow(t *testing.T) {
	refused := policies.Problem{Rule: "parameter", Text: "wrong"}
	for _, tc := range []struct {
		err  error
		want int
	}{
		{nil, 0}, {errors.New("x"), 1}, {refused, statusRefused}, {errors.Join(errors.New("x"), refused), statusRefused},
		{policies.ErrRefused, statusRefused}, {errors.Join(errors.New("x"), usage(errors.New("y"))), statusUsage},
		{orNotFound(errors.New("x")), 1},
	} {
		if got := statusOf(tc.err); got != tc.want {
			t.Errorf("%v: %d, want %d", tc.err, got, tc.want)
		}
	}
}
