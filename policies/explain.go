package policies

import (
	"context"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// Explanation is how the answer to a question came about.
type Explanation struct {
	Question string  `json:"question"`           // "login", as in [Questions]
	Revision string  `json:"revision"`           // of the set
	Decision any     `json:"decision,omitempty"` // as [Engine.Answer] returns it
	Error    string  `json:"error,omitempty"`    // why there is none
	Rules    []Tried `json:"rules"`              // in the order in which they were tried
}

// Tried is a rule that was tried.
type Tried struct {
	Rule       string      `json:"rule"`                 // "nidan.asked.account_off"; of a function with its arguments, as they are written
	Title      string      `json:"title,omitempty"`      // of its annotation
	Location   string      `json:"location"`             // "asked/asked.rego:58"
	Fired      bool        `json:"fired"`                // all that it asks for held
	Value      string      `json:"value,omitempty"`      // what it gave, or would give where that is written down; true is left out
	Conditions []Condition `json:"conditions,omitempty"` // what it asks for, in the order in which it is written
	Because    string      `json:"because,omitempty"`    // why it did not fire: "asked/asked.rego:56: … (input.account.two_factor is true)"
}

// Condition is one thing that a rule asks for, or works out for what it gives.
type Condition struct {
	Text     string `json:"text"`     // as it is written, on one line
	Location string `json:"location"` // "asked/asked.rego:56"
	Is       Held   `json:"is"`
	Read     []Fact `json:"read,omitempty"` // what it was about, as far as that is known
}

// Held says whether a condition held.
type Held string

// What may become of a condition.
const (
	Holds      Held = "holds"
	HoldsNot   Held = "does_not_hold"
	NotReached Held = "not_reached" // another condition of the rule did not hold
	Gives      Held = "gives"       // it is no condition: the rule gave what it is about
)

// Fact is a value that a condition was about.
type Fact struct {
	Name  string `json:"name"`            // "input.account.two_factor", "count(roles)"
	Value string `json:"value,omitempty"` // JSON; empty: it has none
	Says  string `json:"says,omitempty"`  // what it is, as the schema of the input describes it
}

// String is the fact in words.
func (f Fact) String() string {
	switch {
	case f.Value != "":
	case strings.HasPrefix(f.Name, "input."):
		return f.Name + " is missing"
	default:
		return f.Name + " has no value"
	}
	return f.Name + " is " + f.Value
}

// Explain asks a question of an input, that of [Question.Input] or one decoded from JSON, and says which rules were tried, what each of
// them asks for, and what was found there. It is slower than [Engine.Answer], and for people.
func (e *Engine) Explain(ctx context.Context, q Question, in any) (Explanation, error) {
	input, err := ast.InterfaceToValue(in)
	if err != nil {
		return Explanation{}, fmt.Errorf("read the input: %w", err)
	}
	compiler, data := e.Compiled(q)
	t := newTracer(compiler, data, describedBy(q))
	// Without the index every rule is tried, and with it most are passed over in silence.
	answer, err := e.answer(ctx, q, input, rego.EvalParsedInput(input), rego.EvalQueryTracer(t), rego.EvalRuleIndexing(false), rego.EvalEarlyExit(false))
	x := Explanation{Question: q.Name, Revision: e.Revision(), Rules: t.tried()}
	if ctx.Err() != nil {
		return x, ctx.Err()
	}
	if err != nil {
		x.Error = err.Error()
		return x, nil
	}
	x.Decision = answer
	return x, nil
}

// Outcome is the answer in a few words.
func (x Explanation) Outcome() string {
	switch d := x.Decision.(type) {
	case Decision:
		return string(d.Action) + ", " + d.Reason
	case SettingsDecision:
		return string(d.Action) + ", " + d.Reason
	case ConsoleDecision:
		if d.Allow {
			return "allow, " + d.Reason
		}
		return "refuse, " + d.Reason
	case Capabilities:
		return d.String()
	case []Mask:
		return masked(d)
	}
	return ""
}

func masked(all []Mask) string {
	if len(all) == 0 {
		return "nothing is masked"
	}
	var said []string
	for _, m := range all {
		said = append(said, m.Op+" "+m.Path)
	}
	return strings.Join(said, ", ")
}

func at(l *ast.Location) string { return fmt.Sprintf("%s:%d", l.File, l.Row) }

// source is the text of an expression, on one line.
func source(l *ast.Location) string { return strings.Join(strings.Fields(string(l.Text)), " ") }
