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

// Kind is what a difference means.
type Kind string

// What a difference may mean. One that is a bit of several is the first of these.
const (
	Fails    Kind = "FAILS"    // nothing valid is decided
	Loosens  Kind = "LOOSENS"  // less is asked, or more may be done
	Tightens Kind = "TIGHTENS" // more is asked, or less may be done
	Terms    Kind = "TERMS"    // a code is asked on other terms
	Other    Kind = "OTHER"    // anything else: a reason, a message, a channel
)

// Difference is how two sets decide differently about some inputs, all of them alike.
type Difference struct {
	Kind     Kind            `json:"kind"`
	Looser   bool            `json:"looser"` // some of it is: a term may be
	Question string          `json:"question"`
	Was      []string        `json:"was"`  // what the first set decides there: "challenge code_required"
	When     []Condition     `json:"when"` // which of these; none: all
	Changes  []Change        `json:"changes"`
	Error    string          `json:"error,omitempty"` // why nothing is decided
	Where    string          `json:"where,omitempty"` // file:line
	Classes  int             `json:"classes"`
	Example  ast.Object      `json:"-"` // an input
	Input    json.RawMessage `json:"example"`

	region region // what When is made from
}

// Comparison is what two sets decide differently.
type Comparison struct {
	Walked
	Took        time.Duration `json:"took_nanoseconds"`
	Alike       []string      `json:"alike"` // questions that both sets answer by the same rules and data: these need not be walked
	Differences []Difference  `json:"differences"`
}

// Looser says whether the second set asks less of anybody, lets anybody do more, or fails.
func (c Comparison) Looser() bool {
	return slices.ContainsFunc(c.Differences, func(d Difference) bool { return d.Looser || d.Kind == Fails })
}

// Compare walks all inputs there can be, and says which of them two sets decide differently.
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

// answers are those of two sets to the same input.
type answers struct {
	from, to         any
	failed, failsNow error
}

// compare walks all inputs of one question.
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

// domainsOf are the values that matter to any of the sets.
func domainsOf(q policies.Question, sets ...*policies.Engine) (*domains, error) {
	root := placesOf(q.Input)
	var flows []*flow
	for _, e := range sets {
		for _, of := range []policies.Question{q, policies.Questions()[0]} { // what is masked may be said by other rules than the set's
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

// difference is how two answers differ. It has no kind where they do not.
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

// undecided says whether a decision is none yet, since the account's factors were not looked up. What is decided when they are is in other
// classes.
func (c Class) undecided(answer any) bool {
	d, ok := answer.(policies.Decision)
	return ok && len(d.Needs) > 0 && !isTrue(c.values["account.factors"])
}

// decided says in short what the first set decided. Where it failed, that is nothing.
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

// nothing is what a failure comes to.
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

// meaning is what changes come to, together.
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

// symbolic names the days that the console sets, in the place of a number of them.
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

// failure is why nothing is decided, in one line.
func failure(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimSuffix(text, ":")
}

// describe says where in the rules a difference comes from, and gives an input as an example.
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
