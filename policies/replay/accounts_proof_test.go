//go:build !race

// A proof takes ten times as long with the race detector, and has no concurrency to check. make test-proofs runs these tests
// without the detector.

package replay

import (
	"strings"
	"testing"

	"nidan/policies"
	"nidan/policies/proof"
)

func TestAccountsAreCountedOnceForEachDifferenceThatIsAboutThem(t *testing.T) {
	owner := func(in *policies.Input) { in.Account.Role, in.Account.TwoFactor = "owner", false }
	off := func(in *policies.Input) { in.Account.TwoFactor = false }
	version := func(v string) func(*policies.Input) {
		return func(in *policies.Input) { in.Request.Client.Version = v }
	}
	remembered := func(days int) func(*policies.Input) {
		return func(in *policies.Input) {
			in.Device = policies.Device{Known: true, Channel: "softphone", AgeDays: days}
		}
	}
	e := engine(t, policies.Shipped())
	all := recorded(t, e,
		person("olga", owner), person("olga", owner), person("oscar", owner), person("otto", func(in *policies.Input) { owner(in); in.Request.FlowType = "browser" }),
		person("off", off), person("agent", nil), person("old", version("3.5.9")), person("older", version("3.4.0")), person("new", version("4")),
		person("fresh", remembered(3)), person("stale", remembered(12)), person("staler", remembered(40)))
	for name, tc := range map[string]struct{ file, from, to, want string }{
		"owners are always asked": {"data.json", `"always_asked_roles": []`, `"always_asked_roles": ["owner"]`,
			"LOOSENS allow account_off → challenge code_required, forget_devices true → false: olga, oscar, otto"},
		"a newer softphone": {"data.json", `"3.5.0"`, `"3.7.0"`,
			"TIGHTENS challenge code_required → refuse client_too_old: agent, old, staler\nTIGHTENS allow device_remembered → refuse client_too_old: fresh, stale"},
		"other terms": {"data.json", `"max_attempts": 10`, `"max_attempts": 9`, "TERMS code.max_attempts 10 → 9: agent, new, old, staler"},
		"nobody":      {"data.json", `"no_email": "allow"`, `"no_email": "refuse"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, a := concerned(t, shippedBut(t, tc.file, tc.from, tc.to), proof.Bounds{}, all)
			if !strings.Contains(got, tc.want) || tc.want == "" && got != "" || a.Records != 12 || len(a.Elsewhere) != 0 || a.Inexact+a.Unreadable != 0 {
				t.Errorf("got %s, %+v\nwant %s", got, a, tc.want)
			}
		})
	}
}
