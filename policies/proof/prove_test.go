package proof

import (
	"strings"
	"testing"
	"testing/fstest"

	"nidan/policies"
)

func TestTheShippedInvariantsHoldForAllInputs(t *testing.T) {
	p, err := Prove(t.Context(), engine(t, policies.Shipped()), Bounds{})
	if err != nil || !p.Certain || !p.Complete || !p.Holds() || p.Invariants < 15 {
		t.Errorf("got %+v, %v", p, err)
	}
	for _, m := range p.Missing {
		if !strings.HasPrefix(m, "records: ") {
			t.Errorf("not proven: %s", m)
		}
	}
}

// Each change breaks the shipped set in one way. The test that Prove writes must fail on the broken set and pass on the shipped
// one.
func TestABrokenInvariantComesWithATest(t *testing.T) {
	for never, change := range map[string][]string{
		"a locked account gets in, or is sent a code":                                                          {"login/login.rego", "	not input.account.locked == false\n", "	not input.account.locked == false\n	input.account.role != \"owner\"\n"},
		"an account whose password has expired gets in, or is sent a code":                                     {"login/login.rego", "	not input.account.password_expired == false\n", "	not input.account.password_expired == false\n	input.request.flow_type == \"api\"\n"},
		"an account that is not active gets in, or is sent a code":                                             {"login/login.rego", `not input.account.state == "active"`, `input.account.state == "inactive"`},
		"an account that is asked gets in with the password alone":                                             {"asked/asked.rego", "	input.account.two_factor == false\n", "	input.account.locale != \"fr\"\n"},
		"an account that is asked gets in by a method that is not known":                                       {"login/login.rego", `_mailed_code if _taken_for == "mailed_code"`, `_mailed_code if not _taken_for == "asked"`},
		"a sign-in with the password, or with a code that Kratos mailed, counts as one with two steps":         {"login/login.rego", `_taken_for == "strong"`, `_taken_for in {"strong", "mailed_code"}`},
		"a device may be remembered for longer than the console says":                                          {"login/login.rego", `remember_days := input.settings.remember_days if`, `remember_days := 365 if`},
		"a device may be remembered though the console says that none may":                                     {"login/login.rego", `remember_days := input.settings.remember_days if input.settings.remember == true`, `remember_days := input.settings.remember_days`},
		"a locked account's session may do more than anybody's":                                                {"capabilities/capabilities.rego", `not input.account.locked == false`, `input.account.state == "locked"`},
		"a locked account gets a new password":                                                                 {"settings/settings.rego", `not input.account.locked == false`, `input.account.state == "locked"`},
		"a locked visitor may do something":                                                                    {"console/console.rego", `not input.visitor.locked == false`, `input.visitor.state == "locked"`},
		"somebody changes an owner without being one":                                                          {"console/console.rego", "	not _as_high_as_target\n", "	not _as_high_as_target\n	input.visitor.role != \"supervisor\"\n	input.action != \"account.switch_off\"\n"},
		"somebody who is no administrator changes the settings":                                                {"data.json", `"console_role": "system_administrator"`, `"console_role": "user"`},
		"somebody changes anything but their own account's devices in a session that is not worth the console": {"console/console.rego", "not input.session.console == true", `input.action == "policies.view"`},
		"a session may do without a second step what a channel asks one for":                                   {"capabilities/capabilities.rego", "	not _step_taken(channel, capability)\n", "	not _step_taken(channel, capability)\n	input.session.known\n"},
		"a session may do what a channel keeps to itself, with a second step on another one":                   {"capabilities/capabilities.rego", "	input.session.channel == channel\n", "	input.session.known\n"},
		"a client puts itself on a channel that is exempt":                                                     {"login/login.rego", "	some id in asked.channels\n	data", "	some id, _ in data.parameters.channels\n	data", "data.json", `"mobile": {`, `"mobile": {"flow_type": "other", `},
		"an account that is asked gets a new password in a session without a second step":                      {"settings/settings.rego", `not asked.code(channel)`, `asked.code(channel)`},
	} {
		t.Run(never, func(t *testing.T) {
			t.Parallel()
			set := shippedBut(t, change...)
			var p Proof
			folder, _, _ := strings.Cut(change[0], "/")
			q := map[string]int{"capabilities": 1, "settings": 2, "console": 3, "data.json": 3}[folder]
			if err := p.prove(t.Context(), policies.Questions()[q], engine(t, set), Bounds{}); err != nil {
				t.Fatal(err)
			}
			var broken *Broken
			for i, b := range p.Broken {
				if b.Never == never {
					broken = &p.Broken[i]
				}
			}
			if broken == nil || !strings.HasPrefix(broken.Where, "invariants/") {
				t.Fatalf("got %+v", p)
			}
			failsOn(t, broken.Test, set, true)
			failsOn(t, broken.Test, shippedBut(t), false)
		})
	}
}

// failsOn runs one test with a set.
func failsOn(t *testing.T, text string, set fstest.MapFS, want bool) {
	t.Helper()
	for path := range set {
		if strings.HasSuffix(path, "_test.rego") {
			delete(set, path)
		}
	}
	set["found_test.rego"] = &fstest.MapFile{Data: []byte(text)}
	s, err := policies.Load(set)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	r, err := policies.RunTests(t.Context(), s)
	if err != nil || len(r.Tests) != 1 || (len(r.Failed()) == 1) != want {
		t.Errorf("got %+v, %v, fails is to be %t\n%s", r, err, want, text)
	}
}

func TestWhereNothingValidIsDecidedIsSaid(t *testing.T) {
	p, err := Prove(t.Context(), engine(t, shippedBut(t, "data.json", `"no_email": "allow"`, `"no_email": "challenge"`)), Bounds{})
	if err != nil || len(p.Fails) == 0 || p.Holds() || p.Fails[0].Error != "a code is asked, and there is no address to send it to" ||
		!strings.Contains(p.Fails[0].Condition(), "not account.has_email") {
		t.Errorf("got %+v, %v", p.Fails, err)
	}
}
