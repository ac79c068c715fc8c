package policies

import (
	"strings"
	"testing"
)

func explained(t *testing.T, e *Engine, in any) (Explanation, map[string]Tried) {
	t.Helper()
	x, err := e.Explain(t.Context(), Questions()[0], in)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]Tried{} // by rule and value
	for _, r := range x.Rules {
		by[r.Rule+" "+r.Value] = r
	}
	return x, by
}

func TestAnExplanationSaysWhichRulesFiredAndWhyOthersDidNot(t *testing.T) {
	e, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	in := usualSignIn("user", "api")
	in.Account.TwoFactor = false
	x, by := explained(t, e, in)
	if x.Outcome() != "allow, account_off" || x.Error != "" {
		t.Fatalf("got %+v", x)
	}
	for rule, want := range map[string]string{
		`nidan.login._outcome {"action": "allow", "forget_devices": true, "reason": "account_off"}`: "",
		`nidan.asked.account_off `: "",
		`nidan.login._outcome {"action": "refuse", "reason": "account_locked", "state": "sign_in_again"}`: "not input.account.locked == false (input.account.locked is false)",
		`nidan.asked.no_email `: "input.account.has_email == false (input.account.has_email is true)",
	} {
		r, tried := by[rule]
		if !tried || r.Fired != (want == "") || !strings.HasSuffix(r.Because, want) || !strings.Contains(r.Location, ".rego:") {
			t.Errorf("%s: got %+v (tried: %v), want %q", rule, r, tried, want)
		}
	}
	if got := by["nidan.asked.account_off "].Title; got != "The account's flag is off" {
		t.Errorf("the title is %q", got)
	}
	if _, tried := by[`nidan.login._outcome {"action": "allow", "reason": "device_remembered", "second_step": "remembered"}`]; tried {
		t.Error("a rule after the one that fired was tried")
	}
	if by["nidan.login._outcome {\"action\": \"refuse\", \"reason\": \"account_locked\", \"state\": \"sign_in_again\"}"].Because[:16] != "login/login.rego" {
		t.Errorf("it is not said where: %+v", by)
	}
}

func TestAnExplanationOfWhatIsDecidedByDefault(t *testing.T) {
	e, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	x, by := explained(t, e, usualSignIn("user", "browser"))
	if r := by[`nidan.login._outcome {"action": "challenge", "reason": "code_required"}`]; x.Outcome() != "challenge, code_required" || !r.Fired {
		t.Errorf("got %+v, %+v", x.Decision, r)
	}
}

func TestAnExplanationSaysWhyNothingIsDecided(t *testing.T) {
	for name, tc := range map[string]struct{ rego, because, want string }{
		"undefined":    {`decision := {"action": "allow"} if input.account.role == "nobody"`, `(input.account.role is "user")`, "is undefined"},
		"not valid":    {`decision := {"action": "maybe"}`, "", "action must be"},
		"failing":      {`decision := 1 / input.device.age_days`, "", "divide by zero"},
		"a fact lacks": {`decision := {"action": "allow"} if input.account.nickname`, "(input.account.nickname is missing)", "is undefined"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := New(t.Context(), with(tc.rego))
			if err != nil {
				t.Fatal(err)
			}
			x, _ := explained(t, e, usualSignIn("user", "api"))
			if !strings.Contains(x.Error, tc.want) || len(x.Rules) != 1 || !strings.HasSuffix(x.Rules[0].Because, tc.because) {
				t.Errorf("got %+v", x)
			}
		})
	}
}
