package live

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"nidan/policies"
)

// small is a set without tests and with one invariant. It lets accounts in that fit the rule.
func small(rule string) fstest.MapFS {
	const schemas = "# METADATA\n# schemas:\n#   - input: schema.%s\npackage nidan.%s\n\n"
	return fstest.MapFS{
		"login/login.rego": {Data: fmt.Appendf(nil, schemas+`decision := {"action": action, "reason": "r", "channel": "c"}
default action := "refuse"
action := "allow" if {
	%s
}
`, "input", "login", rule)},
		"invariants/login.rego": {Data: fmt.Appendf(nil, schemas+`never contains "an account that is not active gets in" if {
	input.account.state != "active"
	data.nidan.login.decision.action == "allow"
}
`, "input", "invariants.login")},
		"console.rego":      {Data: []byte("package nidan.console\n\ndecision := {\"allow\": false, \"reason\": \"r\"}\n")},
		"settings.rego":     {Data: []byte("package nidan.settings\n\ndecision := {\"action\": \"refuse\", \"reason\": \"r\"}\n")},
		"capabilities.rego": {Data: []byte("package nidan.capabilities\n\ndecision := {\"capabilities\": [], \"reasons\": {}}\n")},
	}
}

func TestWhatIsRequiredIsAskedOfSetsFromOutside(t *testing.T) {
	const right, wrong = `input.account.state == "active"`, `input.account.state != "inactive"`
	for name, tc := range map[string]struct {
		require Require
		rule    string
		want    string
	}{
		"nothing":                        {Require{}, wrong, ""},
		"tests":                          {Require{Tests: 1}, right, "there are 0 tests, and 1 are required"},
		"coverage":                       {Require{Coverage: 90}, right, "the tests reach 0.0 % of the rules, and 90 % are required"},
		"invariants that hold":           {Require{Invariants: true}, right, ""},
		"an invariant that does not":     {Require{Invariants: true}, wrong, "invariants/login.rego:6: an invariant does not hold: an account that is not active gets in"},
		"a decision that fails":          {Require{Invariants: true}, right + "\n\t1 / (input.device.age_days - 77) > 0", "divide by zero"},
		"an invariant that is uncertain": {Require{Invariants: true}, right + "\n\tregex.match(\"^a\", input.account.name)", "it is not proven that the invariants hold"},
	} {
		t.Run(name, func(t *testing.T) {
			log := &lines{}
			p := New(time.Minute, time.Now, slog.New(slog.NewTextHandler(log, nil)))
			p.Require(tc.require)
			err := p.take(t.Context(), small(tc.rule))
			if tc.want == "" && err != nil || tc.want != "" && (!errors.Is(err, policies.ErrRefused) || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A set that drops an invariant must still fulfil it.
func TestAnInvariantOfTheSetThatDecidesHoldsForTheNext(t *testing.T) {
	p, _ := newPolicies()
	p.limit = time.Minute
	p.Require(Require{Invariants: true})
	if err := p.take(t.Context(), small(`input.account.state == "active"`)); err != nil {
		t.Fatal(err)
	}
	for rule, want := range map[string]string{
		`input.account.state == "active"; input.account.two_factor == false`: "",
		`input.account.state != "inactive"`:                                  "an account that is not active gets in",
	} {
		without := small(rule)
		delete(without, "invariants/login.rego")
		err := New(time.Minute, time.Now, p.log).after(p).take(t.Context(), without)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v", rule, err)
		}
	}
}

// after returns p with the deciding set of other policies.
func (p *Policies) after(other *Policies) *Policies {
	p.Require(other.require)
	p.active.Store(other.active.Load())
	return p
}

// The shipped set was proven before the release, so a start does not prove it again.
func TestNothingIsRequiredOfWhatShips(t *testing.T) {
	p, _ := newPolicies()
	p.Require(Require{Coverage: 101, Invariants: true})
	if err := p.Ship(t.Context()); err != nil {
		t.Error(err)
	}
}

// If an invariant is removed from a folder before a start, the new set must still fulfil it.
func TestAtAStartTheInvariantsOfTheSetThatDecidedLastHold(t *testing.T) {
	kept, err := policies.Load(small(`input.account.state == "active"`))
	if err != nil {
		t.Fatal(err)
	}
	without := small(`input.account.state != "inactive"`)
	delete(without, "invariants/login.rego")
	for name, tc := range map[string]struct {
		before *memory
		want   string
	}{
		"none did":                    {&memory{}, ""},
		"it is not known which did":   {&memory{fails: errors.New("the database is away")}, "the database is away"},
		"one did":                     {&memory{last: kept.Files(), source: "the folder x"}, "an account that is not active gets in"},
		"one that cannot be read did": {&memory{last: []policies.File{{Path: "a.rego", Text: "package"}}}, "this program cannot read that one"},
	} {
		for _, from := range []SourceKind{FromFolder, FromBundle, FromKept} {
			t.Run(name+", from a "+string(from), func(t *testing.T) {
				p, _ := newPolicies()
				p.limit = time.Minute
				p.Require(Require{Invariants: true})
				p.Remember(tc.before)
				_, err := p.offer(t.Context(), Source{from, "x"}, func() (*policies.Set, error) { return policies.Load(without) })
				if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
					t.Errorf("got %v", err)
				}
				if decides := p.Ready(t.Context()) == nil; decides != (tc.want == "") {
					t.Errorf("decides: %v", decides)
				}
			})
		}
	}
}
