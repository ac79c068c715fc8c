package proof

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"nidan/policies"
)

// shippedBut returns the shipped set with some texts replaced. The changes are triples: file, old text, new text.
func shippedBut(t *testing.T, changes ...string) fstest.MapFS {
	t.Helper()
	set := fstest.MapFS{}
	err := fs.WalkDir(policies.Shipped(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(policies.Shipped(), path)
		set[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 3 {
		text := string(set[changes[i]].Data)
		if !strings.Contains(text, changes[i+1]) {
			t.Fatalf("%s does not hold %s", changes[i], changes[i+1])
		}
		set[changes[i]] = &fstest.MapFile{Data: []byte(strings.Replace(text, changes[i+1], changes[i+2], 1))}
	}
	return set
}

// lines writes each difference in one line.
func lines(c Comparison) string {
	var b strings.Builder
	for _, d := range c.Differences {
		fmt.Fprintf(&b, "%s %t %s: %q %s | %s%s | %s\n", d.Kind, d.Looser, d.Question, d.Was, when(d), d.Said(), d.Error, d.Where)
	}
	return b.String()
}

func when(d Difference) string {
	d.Was = nil
	if len(d.When) == 0 {
		return "all"
	}
	return d.Condition()
}

// Each line has: the kind, whether it is looser, the question, the old decisions, the conditions, the changes, the place.
func TestTwoSetsAreCompared(t *testing.T) {
	for name, tc := range map[string]struct {
		changes []string
		want    string
	}{
		"nothing": {nil, ""},
		"the terms of a code": {
			[]string{"data.json", `"max_attempts": 10`, `"max_attempts": 3`},
			`TERMS false login: ["challenge code_required"] all | code.max_attempts 10 → 3 | data.json: parameters.code.max_attempts
`,
		},
		"limits, the other way": {
			[]string{"data.json", `"wrong_code_days": 30`, `"wrong_code_days": 3`},
			`TERMS true login: ["challenge code_required"] all | limits.wrong_code_days 30 → 3 | data.json: parameters.limits.wrong_code_days
`,
		},
		"every user an administrator": {
			[]string{"data.json", `"console_role": "system_administrator"`, `"console_role": "user"`},
			`LOOSENS true console: ["false role_may_not"] action settings.view, settings.change, accounts.view, account.view, overview.view and 4 more, visitor.role supervisor or user, session.console | reason role_may_not → administrator, allow false → true | console/console.rego:57
`,
		},
		"a device is remembered for a year": {
			[]string{"login/login.rego", `remember_days := input.settings.remember_days if`, `remember_days := 365 if`},
			`TERMS true login: ["challenge code_required"] settings.remember, settings.remember_days 1 to 364 | remember_days settings.remember_days → 365 | login/login.rego:188
`,
		},
		"one number": {
			[]string{"data.json", `"3.5.0"`, `"3.6.0"`},
			`TIGHTENS false login: ["challenge code_required"] request.flow_type api, request.client.version 3.5, 3.5.0, 3.5.0+b, 3.5.1 or 3.5.1-0 | challenge code_required → refuse client_too_old | login/login.rego:90
`,
		},
		"a capability takes a factor": {
			[]string{"data.json", `"capability_terms": {}`, `"capability_terms": {"console": {"aal": "aal2", "max_age_minutes": 60}}`},
			`TIGHTENS false capabilities: `,
		},
		"a new channel": {
			[]string{"data.json", `"opencti": {`, `"opencti": {"oauth2_clients": ["crm"], `},
			`LOOSENS true login: ["challenge code_required"] request.oauth2_client_id crm | challenge code_required → allow channel_exempt, channel … → opencti | login/login.rego:69
`,
		},
		"everybody gets in": {
			[]string{"login/login.rego", `decision := object.union(_terms, _outcome)`, `decision := object.union(object.union(_terms, _outcome), {"action": "allow", "reason": "everybody"})`},
			`LOOSENS true login: ["refuse account_locked"] all | refuse account_locked → allow everybody | login/login.rego:22
`,
		},
		"two rules in conflict": {
			[]string{"login/login.rego", "_device_age := input.device.age_days if", "_device_age := 1 if input.account.role == \"owner\"\n\n_device_age := input.device.age_days if"},
			`FAILS false login: ["allow device_remembered"] device.age_days 0 or 2 to 364, account.role owner | evaluate data.nidan.login.decision: login/login.rego:319: eval_conflict_error: rule data.nidan.login._device_age produced conflicting values | login/login.rego:317
`,
		},
		"a mask that is dropped": {
			[]string{"records/records.rego", `"path": "/input/account/email"`, `"path": "/input/account/emai"`},
			`LOOSENS true records: [""] input, input.account.email other than "" | mask /input/account/email upsert "***" → none, mask /input/account/emai none → upsert "***" | records/records.rego:16
`,
		},
		"a typo in data": {
			[]string{"data.json", `"max_attempts"`, `"max_attempt"`},
			`FAILS false login: ["allow account_off" "allow channel_off" "allow device_remembered" "allow mailed_code" "allow no_email" "allow plan_without_agent" "allow second_factor" "allow strong_method" "allow two_factor_off" "challenge code_required" "refuse account_inactive" "refuse account_locked" "refuse client_too_old" "refuse method_not_supported" "refuse password_expired"] all | decode the decision: json: unknown field "max_attempt" | data.json: parameters.code.max_attempt, parameters.code.max_attempts
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := Compare(t.Context(), engine(t, policies.Shipped()), engine(t, shippedBut(t, tc.changes...)), Bounds{})
			if err != nil {
				t.Fatal(err)
			}
			got := lines(c)
			if !c.Complete || (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("got %+v\n%s\nwant\n%s", c.Walked, got, tc.want)
			}
			if c.Looser() != (strings.Contains(got, " true ") || strings.Contains(got, "FAILS")) {
				t.Errorf("looser is %t", c.Looser())
			}
			if !c.Proven() && name != "a mask that is dropped" {
				t.Errorf("got %+v", c.Walked)
			}
		})
	}
}

// A password and access to the mailbox are then enough to sign in: no factor is needed.
func TestToDropAFactorLoosens(t *testing.T) {
	const from = `"second_step_by": ["email"]`
	for name, tc := range map[string]struct{ before, after, want string }{
		"mail alone":       {`["aal2", "email"]`, `["email"]`, "second_step_by aal2, email → email"},
		"mail first":       {`["aal2", "email"]`, `["email", "aal2"]`, "second_step_by aal2, email → email, aal2"},
		"mail as well":     {`["aal2"]`, `["aal2", "email"]`, "second_step_by aal2 → aal2, email"},
		"mail for nothing": {`["aal2"]`, `["email"]`, "refuse second_factor_needed → challenge code_required"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := func(by string) *policies.Engine {
				return engine(t, shippedBut(t, "data.json", from, `"second_step_by": `+by))
			}
			found, w, err := compare(t.Context(), policies.Questions()[0], set(tc.before), set(tc.after), Bounds{})
			if err != nil {
				t.Fatal(err)
			}
			c := Comparison{Walked: w, Differences: found}
			got := lines(c)
			if !c.Proven() || !c.Looser() || !strings.Contains(got, "LOOSENS true login: ") || !strings.Contains(got, tc.want) {
				t.Errorf("got %+v\n%s\nwant %s", c.Walked, got, tc.want)
			}
		})
	}
}

// The short version "4.1" means "4.1.0", both in the policies and in an input.
func TestAShortVersionDecidesAsTheFullOne(t *testing.T) {
	t.Parallel()
	short, full := engine(t, shippedBut(t, "data.json", `"3.5.0"`, `"4.1"`)), engine(t, shippedBut(t, "data.json", `"3.5.0"`, `"4.1.0"`))
	c, err := Compare(t.Context(), short, full, Bounds{})
	if err != nil || !c.Proven() || c.Classes == 0 || len(c.Differences) > 0 {
		t.Errorf("%v, %+v\n%s", err, c.Walked, lines(c))
	}
	other := engine(t, shippedBut(t, "data.json", `"3.5.0"`, `"4.1.1"`))
	if c, err = Compare(t.Context(), short, other, Bounds{}); err != nil || !c.Proven() || !strings.Contains(lines(c), "4.1, 4.1.0") {
		t.Errorf("%v, %+v\n%s", err, c.Walked, lines(c))
	}
}

// One set compares two facts with each other. The other set compares one of these facts with a constant.
func TestWhatOneSetComparesMattersToTheOther(t *testing.T) {
	from := engine(t, rules(`reason := "same" if input.account.role == input.account.plan else := "none"`))
	to := engine(t, rules(`reason := "b" if input.account.plan == "b" else := "none"`))
	q := policies.Questions()[0]
	found, _, err := compare(t.Context(), q, from, to, Bounds{})
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(Comparison{Differences: found}); !strings.Contains(got, `reason same → b`) || !strings.Contains(got, "none → b") || !strings.Contains(got, "same → none") {
		t.Errorf("got %s", got)
	}
}

func TestEachInputThatIsDecidedOtherwiseIsInADifference(t *testing.T) {
	q := policies.Questions()[0]
	for a, b := range map[string]string{
		"numbers": "numbers compared with each other", "versions": "numbers", "functions": "sets, comprehensions and every",
		"the order of texts": "three texts compared", "headers": "networks",
	} {
		t.Run(a+", "+b, func(t *testing.T) {
			from, to := engine(t, rules(understood[a])), engine(t, rules(understood[b]))
			found, w, err := compare(t.Context(), q, from, to, Bounds{})
			if err != nil || !w.Proven() {
				t.Fatalf("got %+v, %v", w, err)
			}
			d := newDrawing(understood[a] + understood[b] + data)
			for range 400 {
				in, _ := d.input(placesOf(q.Input))
				var x answers
				x.from, x.failed = from.Answer(t.Context(), q, in)
				x.to, x.failsNow = to.Answer(t.Context(), q, in)
				want := difference(q, Class{}, x)
				if want.Kind != "" && !slices.ContainsFunc(found, func(d Difference) bool { return d.Error == want.Error && d.Said() == want.Said() }) {
					t.Fatalf("%s is in no difference: %s%s", in, want.Said(), want.Error)
				}
			}
		})
	}
}

// The two sets have no rule in common, so the walk is long.
func TestAComparisonEndsAtItsBound(t *testing.T) {
	c, err := Compare(t.Context(), engine(t, policies.Shipped()), engine(t, rules(understood["headers"])), Bounds{Classes: 50})
	if err != nil || c.Complete || c.Proven() || c.Classes > 60 {
		t.Errorf("got %+v, %v", c.Walked, err)
	}
}
