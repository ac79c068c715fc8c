package policies

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// owner returns the input of an owner's request about a user, in a session that has the capability console.
func owner(action ConsoleAction) ConsoleInput {
	visitor, target := asked().Account, asked().Account
	visitor.ID, visitor.Role = "2", "owner"
	return ConsoleInput{Now: asked().Now, Settings: asked().Settings, Visitor: visitor, Target: &target, Action: action,
		Session: ConsoleSession{Console: true}}
}

func TestShippedConsole(t *testing.T) {
	e, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*ConsoleInput)
		want   ConsoleDecision
	}{
		"an owner":            {func(*ConsoleInput) {}, ConsoleDecision{true, "administrator"}},
		"a supervisor":        {func(in *ConsoleInput) { in.Visitor.Role = "supervisor" }, ConsoleDecision{false, "role_may_not"}},
		"without the session": {func(in *ConsoleInput) { in.Session.Console = false }, ConsoleDecision{false, "sign_in_again"}},
		"without a target":    {func(in *ConsoleInput) { in.Target = nil }, ConsoleDecision{false, "unknown_account"}},
		"nothing at all":      {func(in *ConsoleInput) { *in = ConsoleInput{} }, ConsoleDecision{false, "account_inactive"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := owner(SwitchAccountOn)
			tc.change(&in)
			got, err := e.Console(t.Context(), in)
			if err != nil || got != tc.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
}

// If Go misspelled an action, the policies would refuse it to everybody.
func TestShippedConsoleKnowsEveryAction(t *testing.T) {
	source, err := os.ReadFile("console.go")
	if err != nil {
		t.Fatal(err)
	}
	actions := regexp.MustCompile(`ConsoleAction += "(.*)"`).FindAllSubmatch(source, -1)
	if len(actions) == 0 {
		t.Fatal("console.go names no actions")
	}
	e, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range actions {
		got, err := e.Console(t.Context(), owner(ConsoleAction(action[1])))
		if err != nil || !got.Allow {
			t.Errorf("%s is refused to an owner: %+v, %v", action[1], got, err)
		}
	}
}

func TestAnswersThatAreNoConsoleDecision(t *testing.T) {
	for name, tc := range map[string]struct{ rego, want string }{
		"undefined":             {"", "is undefined"},
		"conflicting":           {"decision := 1 if input.visitor.has_email\n\ndecision := 2 if input.session.console", "conflict"},
		"a field nobody knows":  {`decision := {"allow": true, "reason": "x", "role": "owner"}`, "role"},
		"no word on whether":    {`decision := {"reason": "x"}`, "allow or reason is missing"},
		"no reason":             {`decision := {"allow": true}`, "allow or reason is missing"},
		"a word, not a boolean": {`decision := {"allow": "yes", "reason": "x"}`, "decode the console's decision"},
		"not an object":         {`decision := true`, "decode the console's decision"},
	} {
		t.Run(name, func(t *testing.T) {
			set := with("decision := 1").(fstest.MapFS)
			if tc.rego != "" {
				set["c/c.rego"] = &fstest.MapFile{Data: []byte("package nidan.console\n\n" + tc.rego)}
			}
			e, err := New(t.Context(), set)
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.Console(t.Context(), owner(SwitchAccountOn))
			if err == nil || !strings.Contains(err.Error(), tc.want) || got != (ConsoleDecision{}) {
				t.Errorf("got %+v, %v, want an error with %q", got, err, tc.want)
			}
		})
	}
}

func TestConsoleActionsAreAllThereAre(t *testing.T) {
	text, err := os.ReadFile("console.go")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`(?m)^\t\w+ +ConsoleAction = "(.*?)"`).FindAllStringSubmatch(string(text), -1)
	var got []string
	for _, a := range ConsoleActions() {
		got = append(got, string(a))
	}
	var want []string
	for _, n := range named {
		want = append(want, n[1])
	}
	if strings.Join(got, " ") != strings.Join(want, " ") || len(got) < 10 {
		t.Errorf("got %v, want %v", got, want)
	}
}
