package policies

import (
	"context"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// Explanation says how the answer to a question was found.
type Explanation struct {
	Question string  `json:"question"`           // such as "login", see [Questions]
	Revision string  `json:"revision"`           // of the set
	Decision any     `json:"decision,omitempty"` // as [Engine.Answer] returns it
	Error    string  `json:"error,omitempty"`    // why there is no decision
	Rules    []Tried `json:"rules"`              // in the order in which they were tried
}

// Tried is a rule that was tried.
type Tried struct {
	Rule       string      `json:"rule"`                 // such as "nidan.asked.account_off"; for a function with its arguments as written
	Title      string      `json:"title,omitempty"`      // of its annotation
	Location   string      `json:"location"`             // "asked/asked.rego:58"
	Fired      bool        `json:"fired"`                // all its conditions held
	Value      string      `json:"value,omitempty"`      // the value that it gave, or would give if the value is a constant; true is left out
	Conditions []Condition `json:"conditions,omitempty"` // in the order of the source text
	Because    string      `json:"because,omitempty"`    // why it did not fire: "asked/asked.rego:56: … (input.account.two_factor is true)"
}

// Condition is one condition of a rule, or an expression that computes the value of the rule.
type Condition struct {
	Text     string `json:"text"`     // the source text, on one line
	Location string `json:"location"` // "asked/asked.rego:56"
	Is       Held   `json:"is"`
	Read     []Fact `json:"read,omitempty"` // the facts that the condition was about, as far as they are known
}

// Held says whether a condition held.
type Held string

// The results of a condition.
const (
	Holds      Held = "holds"
	HoldsNot   Held = "does_not_hold"
	NotReached Held = "not_reached" // an earlier condition of the rule did not hold
	Gives      Held = "gives"       // the expression is no condition, but part of the value
)

// Fact is a value that a condition was about.
type Fact struct {
	Name  string `json:"name"`            // such as "input.account.two_factor" or "count(roles)"
	Value string `json:"value,omitempty"` // JSON; empty: no value
	Says  string `json:"says,omitempty"`  // description from the schema of the input
}

// String returns the fact in words.
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

// Explain asks a question about an input, of type [Question.Input] or decoded from JSON. It returns the rules that were tried,
// their conditions and the facts found. It is slower than [Engine.Answer], and made for people.
func (e *Engine) Explain(ctx context.Context, q Question, in any) (Explanation, error) {
	input, err := ast.InterfaceToValue(in)
	if err != nil {
		return Explanation{}, fmt.Errorf("read the input: %w", err)
	}
	compiler, data := e.Compiled(q)
	t := newTracer(compiler, data, describedBy(q))
	// Without the index, every rule is tried. With it, most rules would be skipped without a trace event.
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

// Outcome returns the answer in a few words.
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

// source returns the text of an expression, on one line.
func source(l *ast.Location) string { return strings.Join(strings.Fields(string(l.Text)), " ") }
