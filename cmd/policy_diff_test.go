//go:build !race

// With the race detector, proofs take ten times as long, and it has found nothing in them: make test-proofs runs these tests without it.

package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nidan/policies"
)

func TestPolicyDiff(t *testing.T) {
	shipped := copied(t, "data.json", "", "")
	for name, tc := range map[string]struct {
		args   []string
		status int
		want   []string
	}{
		"nothing": {[]string{copied(t, "data.json", "", "")}, 0, []string{"PROVEN over 0 classes (complete", "by the same rules and data: login, capabilities", "LOOSENS   0", "FAILS     0"}},
		"tighter terms": {[]string{copied(t, "data.json", `"max_attempts": 10`, `"max_attempts": 3`)}, 0, []string{
			"PROVEN over 3352 classes (complete", "TERMS     1  login: code.max_attempts 10 → 3  (data.json: parameters.code.max_attempts)", "where it was challenge code_required", "FAILS     0"}},
		"looser terms": {[]string{copied(t, "data.json", `"length": 6`, `"length": 8`), "--against", copied(t, "data.json", `"length": 6`, `"length": 10`)}, 2, []string{
			"TERMS     1  login: code.length 10 → 8 (looser)"}},
		"more may be done": {[]string{copied(t, "data.json", `"console_role": "system_administrator"`, `"console_role": "user"`)}, 2, []string{
			"LOOSENS   1  console: reason role_may_not → administrator, allow false → true  (console/console.rego:57)", "visitor.role supervisor or user, session.console"}},
		"a bound": {[]string{copied(t, "data.json", `"max_attempts": 10`, `"max_attempts": 3`), "--classes", "10"}, 3, []string{"NOT PROVEN over 10 classes (not complete"}},
		"a regular expression": {[]string{copied(t, "console/console.rego", `	input.action in _own_switches
`, `	input.action in _own_switches
	not regex.match("^x", input.visitor.name)
`)}, 3, []string{"NOT PROVEN", "not proven: console: input.visitor.name: regex.match (console/console.rego:57)", "that the others hold is not proven:"}},
		"what cannot be compared": {[]string{copied(t, "asked/asked.rego", "input.account.has_email", "input.account.email_there")}, statusRefused, nil},
	} {
		t.Run(name, func(t *testing.T) {
			args := tc.args
			if len(args) < 2 || args[1] != "--against" {
				args = append(args, "--against", shipped)
			}
			out, err := run(t, append([]string{"policy", "diff"}, args...)...)
			if statusOf(err) != tc.status {
				t.Errorf("status %d (%v), want %d\n%s", statusOf(err), err, tc.status, out)
			}
			for _, want := range tc.want {
				if !strings.Contains(out, want) {
					t.Errorf("got\n%s\nwant %s", out, want)
				}
			}
		})
	}
}

func TestPolicyDiffInJSON(t *testing.T) {
	out, err := run(t, "policy", "diff", copied(t, "data.json", `"console_role": "system_administrator"`, `"console_role": "user"`), "--json", "--against", copied(t, "data.json", "", ""))
	var got struct {
		From, To    string
		Proven      bool
		Classes     int
		Differences []struct {
			Kind    string
			Example json.RawMessage
		}
	}
	if jsonErr := json.Unmarshal([]byte(out), &got); jsonErr != nil || statusOf(err) != 2 {
		t.Fatalf("got %v, %v\n%s", jsonErr, err, out)
	}
	if !got.Proven || got.From == got.To || got.Differences[0].Kind != "LOOSENS" || !strings.Contains(string(got.Differences[0].Example), `"role":`) {
		t.Errorf("got %+v", got)
	}
}

// Without --against, diff compares with the policies of the configuration: those of its folder, or the bundle that decided last.
func TestPolicyDiffAgainstWhatDecidesNow(t *testing.T) {
	if out, err := run(t, "policy", "diff", copied(t, "data.json", "", "")); statusOf(err) != 1 || !strings.Contains(err.Error(), "or give them with --against") {
		t.Errorf("got %v\n%s", err, out)
	}
	t.Setenv("NIDAN_SECRETS", strings.Repeat("s", 32))
	t.Setenv("NIDAN_HOOKS_TOKENS", strings.Repeat("t", 32))
	t.Setenv("NIDAN_POLICIES_DIR", copied(t, "data.json", `"wrong_codes": 100`, `"wrong_codes": 50`))
	out, err := run(t, "policy", "diff", copied(t, "data.json", `"wrong_codes": 100`, `"wrong_codes": 60`))
	if statusOf(err) != 2 || !strings.Contains(out, "limits.wrong_codes 50 → 60 (looser)") {
		t.Errorf("got %v\n%s", err, out)
	}
}

func TestPolicyDiffOfRevisions(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "nidan.db")
	configured(t, database)
	at := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	first := decided(t, database, copied(t, "data.json", "", ""), at)
	second := decided(t, database, copied(t, "data.json", `"max_attempts": 10`, `"max_attempts": 9`), at.Add(time.Hour))
	out, err := run(t, "policy", "diff", second, "--against", first)
	if statusOf(err) != 0 || !strings.Contains(out, "code.max_attempts 10 → 9") {
		t.Errorf("%v\n%s", err, out)
	}
	t.Setenv("NIDAN_POLICIES_BUNDLE_URL", "https://bundles.example.com/nidan.tar.gz")
	out, err = run(t, "policy", "diff", first) // the set that began to decide last decides now
	if statusOf(err) != 2 || !strings.Contains(out, "code.max_attempts 9 → 10") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := run(t, "policy", "diff", "0123456789abcdef", "--against", first); statusOf(err) != statusNotFound || !strings.Contains(err.Error(), "nidan policy show") {
		t.Errorf("a revision that never decided: %v", err)
	}
}

// The attack: somebody removes an invariant together with the rule that it protects. The comparison still proves the invariants of the old
// set.
func TestPolicyDiffProvesTheInvariantsOfBoth(t *testing.T) {
	now := copied(t, "data.json", "", "")
	without := copied(t, "data.json", `"console_role": "system_administrator"`, `"console_role": "user"`)
	if err := os.RemoveAll(without + "/invariants"); err != nil {
		t.Fatal(err)
	}
	out, err := run(t, "policy", "diff", without, "--against", now)
	for _, want := range []string{
		"26 invariants, 2 do not hold", "NEVER     console: somebody who is no administrator changes the settings  (invariants/console.rego:",
		"test_somebody_who_is_no_administrator_changes_the_settings if {",
	} {
		if statusOf(err) != 2 || !strings.Contains(out, want) {
			t.Errorf("got %v\n%s\nwant %s", err, out, want)
		}
	}
}

func TestPolicyCheckProves(t *testing.T) {
	out, err := run(t, "policy", "check", "--prove", "--time-limit", "10s")
	if err != nil || !strings.Contains(out, "26 invariants, 0 do not hold") || !strings.Contains(out, "(complete, ") {
		t.Errorf("got %v\n%s", err, out)
	}
	// No test of the set has an account with this language.
	broken := copied(t, "asked/asked.rego", "account_off if {\n	input.account.two_factor == false\n", `account_off if input.account.locale == "xx"

account_off if {
	input.account.two_factor == false
`)
	out, err = run(t, "policy", "check", "--prove", "--time-limit", "10s", broken)
	if statusOf(err) != 2 || !strings.Contains(out, "NEVER     login: an account that is asked gets in with the password alone") {
		t.Errorf("got %v\n%s", err, out)
	}
}

func TestPolicyTable(t *testing.T) {
	out, err := run(t, "policy", "table")
	for _, want := range []string{
		"login: PROVEN over ", "refuse account_locked (state: sign_in_again)", "  account.state other than active\n", "settings: PROVEN", "true administrator",
		"  device.age_days equal to settings.remember_days or above settings.remember_days",
	} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("got %v\n%s\nwant %s", err, out, want)
		}
	}
	out, err = run(t, "policy", "table", "--of", "records", "--json")
	var got []struct {
		Question  string
		NotProven []string `json:"not_proven"`
		Rows      []struct{ Decided string }
	}
	if jsonErr := json.Unmarshal([]byte(out), &got); jsonErr != nil || statusOf(err) != 3 || len(got) != 1 || len(got[0].NotProven) == 0 || len(got[0].Rows) == 0 {
		t.Errorf("got %v, %v\n%s", jsonErr, err, out)
	}
	if _, err := run(t, "policy", "table", "--of", "nothing"); statusOf(err) != statusUsage {
		t.Errorf("got %v", err)
	}
}

// renamed returns policies with another reason for sign-ins while two-step verification is off. The first classes of inputs show this
// difference.
func renamed(t *testing.T) string {
	return copied(t, "login/login.rego", `"reason": "two_factor_off"`, `"reason": "off"`)
}

// fewClasses is enough to find the difference of renamed, but not enough to prove that there is no other.
const fewClasses = "--classes=40"

// Diff decides the sign-ins in the database with both sets, and says for each difference how many accounts it affects.
func TestPolicyDiffCountsAccounts(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "nidan.db")
	off := func(in *policies.Input) { in.Settings.TwoFactor = false }
	keptIn(t, database, []policies.Input{
		signIn("anna", off), signIn("bert", off), signIn("open", nil),
		signIn("late", func(in *policies.Input) { off(in); in.Now = in.Now.AddDate(0, 0, -31) }),
	}, 2)
	newer, shipped := renamed(t), copied(t, "data.json", "", "")
	for name, tc := range map[string]struct {
		args []string
		want []string
		not  string
	}{
		"how many": {nil, []string{
			"login: reason two_factor_off → off", ")  last 30 days: 2 accounts (--who)\n", "accounts are counted in 6 recorded sign-ins of the last 30 days",
		}, "anna"},
		"which, further back":    {[]string{"--days", "60", "--who"}, []string{"last 60 days: 3 accounts: anna, bert, late\n"}, "(--who)"},
		"of a set that is given": {[]string{"--against", shipped, "--days", "60"}, []string{"last 60 days: 3 accounts (--who)\n"}, "not counted"},
		"not at all":             {[]string{"--days", "0"}, []string{"two_factor_off → off"}, "accounts"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := run(t, append([]string{"policy", "diff", newer, fewClasses}, tc.args...)...)
			for _, want := range tc.want {
				if statusOf(err) != statusNotProven || !strings.Contains(out, want) {
					t.Errorf("got %v\n%s\nwant %s", err, out, want)
				}
			}
			if strings.Contains(out, tc.not) {
				t.Errorf("got\n%s\nwith %s", out, tc.not)
			}
		})
	}
	out, err := run(t, "policy", "diff", newer, fewClasses, "--json", "--who")
	var got struct {
		Differences []struct {
			Kind     string
			Accounts int
			Who      []string
		}
		Accounts struct{ Days, Records int }
	}
	if jsonErr := json.Unmarshal([]byte(out), &got); jsonErr != nil || statusOf(err) != statusNotProven {
		t.Fatalf("got %v, %v\n%s", jsonErr, err, out)
	}
	if len(got.Differences) == 0 {
		t.Fatalf("got %s", out)
	}
	if d := got.Differences[0]; d.Kind != "OTHER" || d.Accounts != 2 || len(d.Who) != 2 || got.Accounts.Days != 30 || got.Accounts.Records != 6 {
		t.Errorf("got %+v", got)
	}
}

func TestPolicyDiffSaysOnceWhyAccountsAreNotCounted(t *testing.T) {
	newer, shipped := renamed(t), copied(t, "data.json", "", "")
	for name, tc := range map[string]struct{ database, want string }{
		"no configuration": {"", "accounts are not counted: give the configuration that names the database with --config: "},
		"no database":      {"sqlite:" + filepath.Join(t.TempDir(), "nidan.db"), "accounts are not counted: "},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.database != "" {
				configured(t, tc.database)
			}
			out, err := run(t, "policy", "diff", newer, fewClasses, "--against", shipped)
			if statusOf(err) != statusNotProven || strings.Count(out, tc.want) != 1 || strings.Contains(out, "last 30 days") {
				t.Errorf("got %v\n%s", err, out)
			}
			if _, err := os.Stat(strings.TrimPrefix(tc.database, "sqlite:")); tc.database != "" && err == nil {
				t.Error("a database was made")
			}
		})
	}
}
