package policies

import (
	"slices"
	"strings"
	"testing"
)

// appsFirst compiles the shipped policies with a factor before a mailed code. Owners must not use a mailed code from a day on.
func appsFirst(t *testing.T) *Engine {
	t.Helper()
	e, err := New(t.Context(), shippedBut(t, "data.json", `"second_step_by": ["email"],
        "second_step_by_of_role": {}`, `"second_step_by": ["aal2", "email"],
        "second_step_by_of_role": {"owner": {"by": ["aal2"], "from": "2027-01-01"}}`))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestADecisionSaysWhichFactsItNeeds(t *testing.T) {
	e := appsFirst(t)
	for name, tc := range map[string]struct {
		factors *Factors
		needs   []string
		action  Action
		by      Way
	}{
		"not looked up": {nil, []string{NeedsFactors}, ActionRefuse, ByEmail},
		"none":          {&Factors{}, nil, ActionChallenge, ByEmail},
		"codes alone":   {&Factors{LookupSecret: true}, nil, ActionChallenge, ByEmail},
		"an app":        {&Factors{TOTP: true}, nil, ActionChallenge, ByAAL2},
		"a key":         {&Factors{WebAuthn: true}, nil, ActionChallenge, ByAAL2},
	} {
		in := usualSignIn("user", "api")
		in.Account.Factors = tc.factors
		v, err := e.Login(t.Context(), in)
		if err != nil || v.Action != tc.action || !slices.Equal(v.Needs, tc.needs) || v.Action == ActionChallenge && v.By() != tc.by {
			t.Errorf("%s: got %+v, %v", name, v.Decision, err)
		}
		if v.NotYet(in) != (tc.factors == nil) {
			t.Errorf("%s: not yet: %t", name, v.NotYet(in))
		}
	}
}

// Decisions are cached by what the policies read. If they read the clock, each sign-in would need a new decision.
func TestADayIsReadAndNotTheClock(t *testing.T) {
	e := appsFirst(t)
	reads, err := e.Reads()
	if err != nil {
		t.Fatal(err)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(reads, func(path []string) bool { return path[0] == name })
	}
	if !has("today") || has("now") {
		t.Errorf("the policies read %v", reads)
	}
	for day, want := range map[string]Action{"2026-12-31": ActionChallenge, "2027-01-01": ActionRefuse} {
		in := usualSignIn("owner", "api")
		in.Today, in.Account.Factors = day, &Factors{}
		if v, err := e.Login(t.Context(), in); err != nil || v.Action != want {
			t.Errorf("on %s: got %+v, %v", day, v.Decision, err)
		}
	}
}

// A challenge by a factor that the account does not have would lock the person out: the session would be worth nothing.
func TestADecisionByAFactorIsForWhoHasOne(t *testing.T) {
	answer := map[string]any{
		"action": "challenge", "reason": "r", "channel": "c", "second_step_by": []any{"aal2", "email"},
		"code": map[string]any{"length": 6, "ttl_seconds": 60, "max_attempts": 3, "resend_after_seconds": 30},
	}
	for name, tc := range map[string]struct {
		in    any
		valid bool
	}{
		"not looked up":          {Input{}, false},
		"none":                   {Input{Account: Account{Factors: &Factors{}}}, false},
		"recovery codes alone":   {Input{Account: Account{Factors: &Factors{LookupSecret: true}}}, false},
		"an app":                 {Input{Account: Account{Factors: &Factors{TOTP: true}}}, true},
		"a key":                  {Input{Account: Account{Factors: &Factors{WebAuthn: true}}}, true},
		"an app, recorded":       {map[string]any{"account": map[string]any{"factors": map[string]any{"totp": true}}}, true},
		"none that is a fact":    {map[string]any{"account": map[string]any{"factors": map[string]any{"totp": "true"}}}, false},
		"recorded without facts": {map[string]any{"account": map[string]any{}}, false},
	} {
		if _, err := decodeFor(tc.in, answer); (err == nil) != tc.valid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatADecisionMaySayOfTheSecondStep(t *testing.T) {
	for name, tc := range map[string]struct {
		change map[string]any
		want   string // text in the error; empty: valid
	}{
		"nothing":                          {nil, ""},
		"mail, then a factor":              {map[string]any{"second_step_by": []any{"email", "aal2"}}, ""},
		"a way that there is not":          {map[string]any{"second_step_by": []any{"sms"}}, `has "sms"`},
		"no way":                           {map[string]any{"second_step_by": []any{}}, "has no way"},
		"enrolment, by mail":               {map[string]any{"second_step": "enrol_only"}, ""},
		"enrolment with the password only": {map[string]any{"second_step": "enrol_only", "action": "allow"}, "enrol_only only where"},
		"waiting with the password only":   {map[string]any{"second_step": "aal2_needed", "action": "allow"}, "second_step must be"},
		"a fact that is needed":            {map[string]any{"needs": []any{"account.factors"}, "action": "refuse"}, ""},
		"a fact that is needed to let in":  {map[string]any{"needs": []any{"account.factors"}, "action": "allow"}, "must refuse"},
		"a fact that is never looked up":   {map[string]any{"needs": []any{"account.shoes"}, "action": "refuse"}, `has "account.shoes"`},
	} {
		answer := map[string]any{
			"action": "challenge", "reason": "r", "channel": "c",
			"code": map[string]any{"length": 6, "ttl_seconds": 60, "max_attempts": 3, "resend_after_seconds": 30},
		}
		for name, value := range tc.change {
			answer[name] = value
		}
		_, err := decodeDecision(answer)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}
