package policies

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

// In an earlier version, each of these reasons had an effect by itself. A set from that time has no tests for the field that has
// the effect now.
func TestASetOfAnEarlierVersionIsNotTakenToMeanLess(t *testing.T) {
	for name, tc := range map[string]struct{ from, to, want string }{
		"remembered": {`, "second_step": "remembered"`, "", `the reason device_remembered does nothing any more: the decision needs "second_step"`},
		"forgotten":  {`, "forget_devices": true`, "", `the reason account_off does nothing any more: the decision needs "forget_devices"`},
		"locked": {`"account_locked", "state": "sign_in_again"`, `"account_locked"`,
			`the reason account_locked does nothing any more: the decision needs "state"`},
		"expired": {`"password_expired", "state": "sign_in_again"`, `"password_expired"`,
			`the reason password_expired does nothing any more: the decision needs "state"`},
		"inactive": {`"account_inactive", "state": "sign_in_again"`, `"account_inactive"`,
			`the reason account_inactive does nothing any more: the decision needs "state"`},
		"too old": {`, "state": "client_too_old"`, "", `the reason client_too_old does nothing any more: the decision needs "state"`},
	} {
		t.Run(name, func(t *testing.T) {
			set := shippedBut(t, "login/login.rego", tc.from, tc.to)
			delete(set, "login/login_test.rego")
			delete(set, "login/factors_test.rego")
			if got := refusal(t, set); !strings.HasPrefix(got, "a usual sign-in, of an account with the role owner in a flow of type ") ||
				!strings.Contains(got, tc.want) {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
	t.Run("what is said is taken", func(t *testing.T) {
		set := shippedBut(t, "login/login.rego", `"forget_devices": true`, `"forget_devices": false`)
		delete(set, "login/login_test.rego")
		delete(set, "login/factors_test.rego")
		if got := refusal(t, set); got != "" {
			t.Error(got)
		}
	})
}

func TestWhatIsWrongInManyPlacesIsSaidOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		login, test, want string
	}{
		"sign-ins": {`decision := {"action": "allow", "reason": "r", "channel": "c"} if input.account.name == "nobody"`,
			"test_it[n] if {\n\tsome n in numbers.range(1, 20)\n\tnot login.decision with input.account.name as sprintf(\"%d\", [n])\n}",
			`a sign-in of the tests, {"account": {"name": "1"}}: data.nidan.login.decision is undefined: no rule gives it a value here (20 times)`},
		"rules": {valid + "\n\na if input.acount.name\n\nb if input.acount.name\n\nc if input.acount.name\n\nd if input.acount.name\n\ne if input.acount.name", "",
			"compile the policies: login/login.rego:8: rego_type_error: undefined ref: input.acount.name (5 times: also at " +
				"login/login.rego:10, login/login.rego:12, login/login.rego:14 and 1 more)\n\tinput.acount.name\n"},
		"tests": {valid, "test_it[n] if {\n\tsome n in numbers.range(1, 20)\n\tgot := login.decision with input.account.state as \"active\"\n\tgot.action == \"refuse\"\n}",
			`login/login_test.rego:5: test_it/1: it does not hold: login/login_test.rego:8: got.action == "refuse": got "allow", expected "refuse" ` +
				"(20 times: also at login/login_test.rego:5: test_it/10, login/login_test.rego:5: test_it/11, login/login_test.rego:5: test_it/12 and 16 more)"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := refusal(t, files(tc.login, tc.test)); !strings.Contains(got, tc.want) {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// Errors are compared by identity, not by text: a set that took too long may be offered again.
func TestWhatIsSaidOnceIsStillTheSameError(t *testing.T) {
	err := together([]finding{{at: "a", err: ErrTooSlow}, {at: "b", err: ErrTooSlow}})
	if !errors.Is(err, ErrTooSlow) || err.Error() != "a: "+ErrTooSlow.Error()+" (2 times: also at b)" {
		t.Errorf("got %v", err)
	}
	if err := together(nil); err != nil {
		t.Errorf("of nothing comes %v", err)
	}
}

// The gate shows the values that a test compares, such as a decision.
func TestATestThatFailsSaysWhatItGot(t *testing.T) {
	for name, tc := range map[string]struct{ test, want string }{
		"a field": {`test_it if login.decision.action == "refuse" with input.account.state as "active"`,
			`5: login.decision.action == "refuse" with input.account.state as "active": got "allow", expected "refuse"`},
		"a field, the other way round": {`test_it if "refuse" == login.decision.action with input.account.state as "active"`,
			`5: "refuse" == login.decision.action with input.account.state as "active": got "allow", expected "refuse"`},
		"a variable": {"test_it if {\n\tgot := login.decision with input.account.state as \"active\"\n\tgot.action == \"refuse\"\n}",
			`7: got.action == "refuse": got "allow", expected "refuse"`},
		"a call": {"test_it if {\n\tgot := login.decision with input.account.state as \"active\"\n\twant := \"s\"\n\tobject.filter(got, {\"reason\"}) == {\"reason\": want}\n}",
			`8: object.filter(got, {"reason"}) == {"reason": want}: got {"reason": "r"}, expected {"reason": "s"}`},
		"nothing": {"test_it if {\n\tgot := login.decision with input.account.state as \"away\"\n\tgot.action == \"allow\"\n}",
			`6: login.decision has no value`},
		"a variable without a value": {"test_it[name] if {\n\tsome name in [\"a\"]\n\tgot := login.decision with input as json.remove({\"a\": 1}, [name])\n\tgot.action == \"allow\"\n}",
			`7: login.decision has no value`},
		"objects too large to be shown": {
			`test_it if {
	login.decision with input.account.state as "active"
	many := {sprintf("a%d", [n]): n | some n in numbers.range(1, 100)}
	object.union(many, {"terms": {"length": 6, "more": many}}) == object.union(many, {"terms": {"length": 8, "more": many}})
}`, `8: object.union(many, {"terms": {"length": 6, "more": many}}) == object.union(many, {"terms": {"length": 8, "more": many}}): ` +
				`got {"terms": {"length": 6}}, expected {"terms": {"length": 8}}, where they differ`},
		"another comparison": {`test_it if count(login.decision) > 5 with input.account.state as "active"`,
			`5: count(login.decision) > 5 with input.account.state as "active": count(login.decision) is 3`},
		"something that is not to be": {`test_it if not login.decision with input.account.state as "active"`,
			`5: not login.decision with input.account.state as "active"`},
		"each of some": {"test_it if {\n\tlogin.decision with input.account.state as \"active\"\n\tevery n in [1, 2, 3] { n != 2 }\n}", `7: n != 2: n is 2`},
	} {
		t.Run(name, func(t *testing.T) {
			test, _, _ := strings.Cut(tc.test, " if")
			want := "login/login_test.rego:5: " + strings.Replace(test, "[name]", "/a", 1) + ": it does not hold: login/login_test.rego:" + tc.want
			if got := refusal(t, files(valid, tc.test)); !strings.HasPrefix(got+"\n", want+"\n") {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestEachCaseOfATestSaysWhatItGot(t *testing.T) {
	s, err := Load(files(valid, `test_as_it_stands[name] if {
	some name, want in {"one": "allow"}
	login.decision == {"action": want, "reason": "r", "channel": "d"} with input.account.state as "active"
}

test_it[name] if {
	some name, tc in {
		"one": {"state": "active", "want": "allow"},
		"two": {"state": "active", "want": "refuse"},
		"three": {"state": "inactive", "want": "challenge"},
	}
	got := login.decision with input.account.state as tc.state
	got.action == tc.want
}
`))
	if err != nil {
		t.Fatal(err)
	}
	r, err := RunTests(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"test_as_it_stands/one": `login/login_test.rego:7: login.decision == {"action": want, "reason": "r", "channel": "d"} with input.account.state as "active": got {"action": "allow", "channel": "c", "reason": "r"}, expected {"action": "allow", "channel": "d", "reason": "r"}`,
		"test_it/one":           "", "test_it/two": `login/login_test.rego:17: got.action == tc.want: got "allow", expected "refuse"`,
		"test_it/three": `login/login_test.rego:17: got.action == tc.want: got "allow", expected "challenge"`,
	} {
		found := false
		for _, test := range r.Tests {
			if test.Name == name {
				found = true
				if test.Seen != want || (test.Failure == "") != (want == "") {
					t.Errorf("%s: %q, %q", name, test.Failure, test.Seen)
				}
			}
		}
		if !found {
			t.Errorf("there is no %s in %+v", name, r.Tests)
		}
	}
}

// People read the gate's text and programs compare it: the same set must be refused with the same text each time.
func TestTheGateSaysTheSameEachTime(t *testing.T) {
	set := shippedBut(t, "login/login.rego", `"action": "refuse"`, `"action": "reject"`)
	set["data.json"] = &fstest.MapFile{Data: []byte(`{"parameters": {"no_emial": "allow", "roles": 1, "code": {}, "limits": {"codes": 0}}}`)}
	want := refusal(t, set)
	for range 10 {
		if got := refusal(t, set); got != want {
			t.Fatalf("got  %s\nand  %s", want, got)
		}
	}
	if n := strings.Count(want, "\n"); n < 4 {
		t.Errorf("this proves little: %s", want)
	}
}
