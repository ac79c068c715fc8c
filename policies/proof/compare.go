package proof

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"nidan/policies"
)

// Kind classifies a difference.
type Kind string

// The kinds of differences. A difference that fits several kinds gets the first of these.
const (
	Fails    Kind = "FAILS"    // the second set gives no valid answer
	Loosens  Kind = "LOOSENS"  // the second set asks less, or permits more
	Tightens Kind = "TIGHTENS" // the second set asks more, or permits less
	Terms    Kind = "TERMS"    // a code is asked on other terms
	Other    Kind = "OTHER"    // anything else changes: a reason, a message, a channel
)

// Difference says how two sets decide differently about a group of inputs. The difference is the same for all these inputs.
type Difference struct {
	Kind     Kind            `json:"kind"`
	Looser   bool            `json:"looser"` // whether any change in it is looser; with kind TERMS some may be
	Question string          `json:"question"`
	Was      []string        `json:"was"`  // the decisions of the first set, such as "challenge code_required"
	When     []Condition     `json:"when"` // all of these hold for the inputs; none: all inputs with these decisions
	Changes  []Change        `json:"changes"`
	Error    string          `json:"error,omitempty"` // why the second set gives no valid answer
	Where    string          `json:"where,omitempty"` // file:line of the rule
	Classes  int             `json:"classes"`
	Example  ast.Object      `json:"-"` // one of the inputs
	Input    json.RawMessage `json:"example"`

	region region // the box that When is made from
}

// Comparison holds everything that two sets decide differently.
type Comparison struct {
	Walked
	Took        time.Duration `json:"took_nanoseconds"`
	Alike       []string      `json:"alike"` // questions that both sets answer with the same rules and data; they are not walked
	Differences []Difference  `json:"differences"`
}

// Looser says whether the second set asks less of anybody, permits anybody more, or fails for any input.
func (c Comparison) Looser() bool {
	return slices.ContainsFunc(c.Differences, func(d Difference) bool { return d.Looser || d.Kind == Fails })
}

// Compare walks all possible inputs of each question, and returns the differences between the answers of two sets.
func Compare(ctx context.Context, from, to *policies.Engine, b Bounds) (Comparison, error) {
	start := time.Now()
	c := Comparison{Walked: Walked{Complete: true}}
	for _, q := range policies.Questions() {
		same, err := alike(q, from, to)
		if err != nil {
			return c, err
		}
		if same {
			c.Alike = append(c.Alike, q.Name)
			continue
		}
		left := b
		if b.Time > 0 {
			left.Time = max(1, b.Time-time.Since(start))
		}
		if b.Classes > 0 {
			left.Classes = max(1, b.Classes-c.Classes)
		}
		found, w, err := compare(ctx, q, from, to, left)
		if err != nil {
			return c, err
		}
		c.add(w, q)
		c.Differences = append(c.Differences, found...)
	}
	order := []Kind{Fails, Loosens, Tightens, Terms, Other}
	slices.SortStableFunc(c.Differences, func(x, y Difference) int { return slices.Index(order, x.Kind) - slices.Index(order, y.Kind) })
	c.Took = time.Since(start)
	return c, ctx.Err()
}

func (w *Walked) add(more Walked, q policies.Question) {
	w.Classes += more.Classes
	w.Evaluations += more.Evaluations
	w.Complete = w.Complete && more.Complete
	for _, m := range more.Missing {
		w.Missing = append(w.Missing, q.Name+": "+m)
	}
}

type answers struct {
	from, to         any
	failed, failsNow error
}

func compare(ctx context.Context, q policies.Question, from, to *policies.Engine, b Bounds) ([]Difference, Walked, error) {
	d, err := domainsOf(q, from, to)
	if err != nil {
		return nil, Walked{}, err
	}
	g := newGroups()
	w := walk(ctx, d, b, func(in ast.Value) (a answers) {
		a.from, a.failed = from.Answer(ctx, q, in)
		a.to, a.failsNow = to.Answer(ctx, q, in)
		return a
	}, func(c Class, a answers) { g.add(c, decided(a), difference(q, c, a)) })
	found := g.lines()
	for i := range found {
		if err := found[i].describe(ctx, q, from, to); err != nil {
			return nil, w, err
		}
	}
	return found, w, nil
}

// domainsOf returns the values of each fact that matter to any of the sets.
func domainsOf(q policies.Question, sets ...*policies.Engine) (*domains, error) {
	root := placesOf(q.Input)
	var flows []*flow
	for _, e := range sets {
		// The shipped mask may be compiled apart from the set's other rules, such as its invariants.
		for _, of := range []policies.Question{q, policies.Questions()[0]} {
			c, data := e.Compiled(of)
			f, err := flowOf(c, data, root)
			if err != nil {
				return nil, err
			}
			flows = append(flows, f)
			if q.Name != "records" {
				break
			}
		}
	}
	return newDomains(root, flows...), nil
}

// difference returns the difference between two answers. Its kind is empty if the answers do not differ.
func difference(q policies.Question, c Class, a answers) Difference {
	d := Difference{Question: q.Name}
	if c.undecided(a.from) || c.undecided(a.to) {
		return d
	}
	if a.failsNow != nil {
		d.Kind, d.Error = Fails, failure(a.failsNow)
		return d
	}
	from := traitsOf(a.from)
	if a.failed != nil { // nobody was let in
		from = traitsOf(nothing(q))
	}
	d.Changes = changes(from, traitsOf(a.to))
	for i, ch := range d.Changes {
		d.Changes[i] = c.symbolic(ch)
	}
	d.Kind, d.Looser = meaning(d.Changes)
	return d
}

// undecided says whether an answer is only the request to look up the account's factors. The final decision, with the factors, is
// in other classes.
func (c Class) undecided(answer any) bool {
	d, ok := answer.(policies.Decision)
	return ok && len(d.Needs) > 0 && !isTrue(c.values["account.factors"])
}

// decided returns the first set's decision in short: action, allow and reason. It is empty if the first set failed.
func decided(a answers) string {
	if a.failed != nil {
		return ""
	}
	var said []string
	for _, t := range traitsOf(a.from) {
		if t.name == "action" || t.name == "allow" || t.name == "reason" {
			said = append(said, t.text)
		}
	}
	return strings.Join(said, " ")
}

// nothing returns the answer that has the same effect as a failure to answer: nothing is allowed, and nothing is recorded.
func nothing(q policies.Question) any {
	switch q.Name {
	case "login":
		return policies.Decision{Action: policies.ActionRefuse, Reason: "undecided", Channel: "unknown", Limits: &policies.Limits{}}
	case "capabilities":
		return policies.Capabilities{}
	case "settings":
		return policies.SettingsDecision{Action: policies.ActionRefuse, Reason: "undecided"}
	case "console":
		return policies.ConsoleDecision{Reason: "undecided"}
	}
	return []policies.Mask{{Op: "remove", Path: "/input"}}
}

// meaning returns the kind of all changes together, and whether any of them is looser.
func meaning(all []Change) (k Kind, looser bool) {
	any := func(f func(Change) bool) bool { return slices.ContainsFunc(all, f) }
	looser = any(func(c Change) bool { return c.looser })
	switch {
	case len(all) == 0:
		return "", false
	case any(func(c Change) bool { return c.looser && !c.term }):
		return Loosens, true
	case any(func(c Change) bool { return c.tighter && !c.term }):
		return Tightens, looser
	case any(func(c Change) bool { return c.term }):
		return Terms, looser
	}
	return Other, false
}

// symbolic writes "settings.remember_days" in place of a number of days that equals this setting.
func (c Class) symbolic(ch Change) Change {
	days, looked := c.values["settings.remember_days"]
	if !looked || ch.Field != "remember_days" {
		return ch
	}
	for _, text := range []*string{&ch.From, &ch.To} {
		if *text == days.String() {
			*text = "settings.remember_days"
		}
	}
	return ch
}

// failure returns the first line of an error, without a colon at its end.
func failure(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimSuffix(text, ":")
}

// describe adds the place in the rules that a difference comes from, and an input as an example.
func (d *Difference) describe(ctx context.Context, q policies.Question, from, to *policies.Engine) (err error) {
	in, err := ast.JSON(d.Example)
	if err != nil {
		return fmt.Errorf("write down an input: %w", err)
	}
	if d.Input, err = json.Marshal(in); err != nil {
		return fmt.Errorf("write down an input: %w", err)
	}
	if from != to {
		d.Where = where(ctx, q, d.Example, from, to)
	}
	return nil
}
