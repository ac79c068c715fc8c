package policies

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestAnExplanationShowsTheValuesOfWhateverAConditionIsAbout(t *testing.T) {
	for name, tc := range map[string]struct {
		condition string
		is        Held
		facts     string
	}{
		"in":                       {`input.account.role in data.parameters.always_asked_roles`, HoldsNot, `input.account.role is "user", data.parameters.always_asked_roles is []`},
		"in, which holds":          {`input.account.role in data.parameters.roles`, Holds, `input.account.role is "user", data.parameters.roles is ["owner", "system_administrator", "supervisor", "user"]`},
		"not in":                   {`not input.account.role in {"user"}`, HoldsNot, `input.account.role is "user"`},
		"is not":                   {`input.account.state != "active"`, HoldsNot, `input.account.state is "active"`},
		"not":                      {`not input.account.has_email`, HoldsNot, `input.account.has_email is true`},
		"not, which holds":         {`not input.account.locked`, Holds, `input.account.locked is false`},
		"not, of a call":           {`not upper(input.account.name) == "A"`, HoldsNot, `input.account.name is "a", upper(input.account.name) is "A"`},
		"a call":                   {`startswith(input.account.name, "b")`, HoldsNot, `input.account.name is "a"`},
		"a comparison of a call":   {`count(data.parameters.roles) > 9`, HoldsNot, `data.parameters.roles is ["owner", "system_administrator", "supervisor", "user"], count(data.parameters.roles) is 4`},
		"a function of the policy": {`_below(input.settings.remember_days) > 100`, HoldsNot, `input.settings.remember_days is 30, _below(input.settings.remember_days) is 29`},
		"a comprehension": {`[r | some r in data.parameters.roles; r == input.account.role] == []`, HoldsNot,
			`[r | some r in data.parameters.roles; r == input.account.role] is ["user"], data.parameters.roles is ["owner", "system_administrator", "supervisor", "user"], input.account.role is "user"`},
		"a set":                  {`{input.account.role, "a"} == {"a"}`, HoldsNot, `input.account.role is "user", {input.account.role, "a"} is {"a", "user"}`},
		"every":                  {`every r in data.parameters.roles { r != "owner" }`, HoldsNot, `data.parameters.roles is ["owner", "system_administrator", "supervisor", "user"], r is "owner"`},
		"a name":                 {`days := input.settings.remember_days * 2; days > 61`, HoldsNot, `days is 60`},
		"a rule":                 {`_asked == false`, HoldsNot, `_asked is true`},
		"a rule without a value": {`_never`, HoldsNot, `_never has no value`},
		"a place by a fact":      {`data.parameters.channels[input.request.client.name].order == 4`, HoldsNot, `input.request.client.name is "softphone", data.parameters.channels[input.request.client.name].order is 2`},
		"a fact that is missing": {`input.account.nickname != "x"`, HoldsNot, `input.account.nickname is missing`},
		"a header":               {`input.request.headers["x-channel"] == "a"`, HoldsNot, `input.request.headers["x-channel"] is missing`},
		"some":                   {`some r in data.parameters.plans_without_agent; r == input.account.plan`, HoldsNot, `r is "business_phone", input.account.plan is ""`},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := New(t.Context(), with(`decision := {"action": "allow", "reason": "r", "channel": "c"} if {
	`+tc.condition+`
	input.account.role != "no condition after one that does not hold is looked at"
}

_below(n) := n - 1

_asked := input.account.two_factor

_never if input.account.role == "nobody"
`))
			if err != nil {
				t.Fatal(err)
			}
			x, err := e.Explain(t.Context(), Questions()[0], usualSignIn("user", "api"))
			if err != nil {
				t.Fatal(err)
			}
			conditions := x.Rules[0].Conditions
			if i := slices.IndexFunc(conditions, func(c Condition) bool { return c.Is == HoldsNot }); tc.is == HoldsNot && i > 0 {
				conditions = conditions[i:]
			}
			var facts []string
			for _, f := range conditions[0].Read {
				facts = append(facts, f.String())
			}
			if got := strings.Join(facts, ", "); conditions[0].Is != tc.is || got != tc.facts {
				t.Errorf("%s %s (%s), want %s (%s)", conditions[0].Text, conditions[0].Is, got, tc.is, tc.facts)
			}
			if last := x.Rules[0].Conditions[len(x.Rules[0].Conditions)-1]; tc.is == HoldsNot && (last.Is != NotReached || last.Read != nil) {
				t.Errorf("the one after: %+v", last)
			}
		})
	}
}

func TestAFactIsToldWithWhatItIs(t *testing.T) {
	e, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	_, by := explained(t, e, usualSignIn("user", "api"))
	if got := by["nidan.asked.account_off "].Conditions[0].Read[0].Says; got != "the account's own flag" {
		t.Errorf("got %q", got)
	}
	for _, q := range Questions() {
		says := describedBy(q)
		if q.Name != "records" && says("input.settings.two_factor") != "two-step verification is in use at all" {
			t.Errorf("%s: got %q", q.Name, says("input.settings.two_factor"))
		}
		if says("input.settings.nothing") != "" || says("data.parameters.roles") != "" || says("two_factor") != "" {
			t.Errorf("%s describes what it does not know", q.Name)
		}
	}
}

// questionsOfEach returns an input for each question.
func questionsOfEach() map[string]any {
	in := usualSignIn("user", "browser")
	session := CapabilitiesInput{Now: in.Now, Settings: in.Settings, Account: in.Account, Session: Session{Known: true, Channel: "softphone", SecondStep: "not_asked"}}
	return map[string]any{
		"login": in, "capabilities": session, "settings": session,
		"console": ConsoleInput{Now: in.Now, Settings: in.Settings, Visitor: in.Account, Action: ChangeSettings},
		"records": RecordInput{Input: &in},
	}
}

func TestEachQuestionIsExplained(t *testing.T) {
	e, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range Questions() {
		t.Run(q.Name, func(t *testing.T) {
			x, err := e.Explain(t.Context(), q, questionsOfEach()[q.Name])
			if err != nil || x.Error != "" || x.Question != q.Name {
				t.Fatalf("got %+v, %v", x, err)
			}
			want := map[string]string{
				"login":        "challenge, code_required",
				"capabilities": "may phonebook, call_history; not agent, softphone_asks_a_code; not console, console_asks_a_code",
				"settings":     "refuse, second_step_missing", "console": "refuse, role_may_not", "records": "upsert /input/account/email",
			}[q.Name]
			if x.Outcome() != want {
				t.Errorf("the outcome is %q, want %q", x.Outcome(), want)
			}
			for _, r := range x.Rules {
				if problem := contradicts(r); problem != "" {
					t.Errorf("%s %s: %s: %+v", r.Location, r.Rule, problem, r)
				}
			}
		})
	}
}

// contradicts returns what cannot be true in an explanation of a rule; empty: nothing.
func contradicts(r Tried) string {
	failed := 0
	for _, c := range r.Conditions {
		switch {
		case c.Is == HoldsNot:
			failed++
		case c.Is == NotReached && r.Fired:
			return "it fired, and a condition was not reached"
		case c.Is == NotReached && c.Read != nil:
			return "it was not reached, and is told to have read something"
		}
		for _, f := range c.Read {
			if strings.Contains(f.Name, "__local") || strings.Contains(f.Value, "__local") {
				return "it shows a name of the compiler's"
			}
		}
	}
	other := strings.HasSuffix(r.Because, "it is for other arguments")
	switch {
	case strings.Contains(r.Rule+r.Value, "__local"):
		return "it shows a name of the compiler's"
	case r.Fired && (failed > 0 || r.Because != ""):
		return "it fired, and a condition does not hold"
	case !r.Fired && failed != 1 && !other:
		return fmt.Sprintf("it did not fire, and %d conditions do not hold", failed)
	}
	return ""
}

func TestNoUsualSignInIsExplainedWithAContradiction(t *testing.T) {
	e, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	for _, flow := range []string{"browser", "api"} {
		for _, u := range usual {
			in := usualSignIn("owner", flow)
			u.change(&in)
			x, err := e.Explain(t.Context(), Questions()[0], in)
			if err != nil || x.Error != "" {
				t.Fatalf("%s: %+v, %v", u.name, x, err)
			}
			for _, r := range x.Rules {
				if problem := contradicts(r); problem != "" {
					t.Errorf("%s: %s %s: %s: %+v", u.name, r.Location, r.Rule, problem, r)
				}
			}
		}
	}
}
