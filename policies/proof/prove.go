package proof

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"nidan/policies"
)

// Proof says what holds for one set and all possible inputs.
type Proof struct {
	Walked
	Took       time.Duration `json:"took_nanoseconds"`
	Invariants int           `json:"invariants"`
	Certain    bool          `json:"invariants_proven"` // everything that an invariant may depend on was enumerated
	Broken     []Broken      `json:"broken"`
	Fails      []Difference  `json:"fails"` // inputs for which the set gives no valid answer
}

// Holds says whether each invariant holds and each input gets a valid answer, as far as was walked.
func (p Proof) Holds() bool { return len(p.Broken) == 0 && len(p.Fails) == 0 }

// Broken is an invariant that does not hold.
type Broken struct {
	Question string          `json:"question"`
	Never    string          `json:"never"` // what the invariant says must never happen
	Where    string          `json:"where"`
	Classes  int             `json:"classes"` // the number of classes that break it
	Input    json.RawMessage `json:"input"`   // an input of one of these classes
	Test     string          `json:"test"`    // a test in Rego that fails as long as the invariant does not hold
}

// Prove walks all possible inputs, and returns the inputs for which a set gives no valid answer, and the invariants that do not
// hold.
func Prove(ctx context.Context, e *policies.Engine, b Bounds) (Proof, error) {
	start := time.Now()
	p := Proof{Walked: Walked{Complete: true}, Certain: true}
	for _, q := range policies.Questions() {
		left := b
		if b.Time > 0 {
			left.Time = max(1, b.Time-time.Since(start))
		}
		if b.Classes > 0 {
			left.Classes = max(1, b.Classes-p.Classes)
		}
		if err := p.prove(ctx, q, e, left); err != nil {
			return p, err
		}
	}
	p.Took = time.Since(start)
	return p, ctx.Err()
}

// asked holds the results of a set for one input.
type asked struct {
	failed error
	never  []string
}

func (p *Proof) prove(ctx context.Context, q policies.Question, e *policies.Engine, b Bounds) error {
	d, err := domainsOf(q, e)
	if err != nil {
		return err
	}
	names := invariantsOf(e, q)
	p.Invariants += len(names)
	g := newGroups()
	broken := map[string]*Broken{}
	w := walk(ctx, d, b, func(in ast.Value) (a asked) {
		if _, a.failed = e.Answer(ctx, q, in); a.failed == nil {
			a.never, a.failed = e.Never(ctx, q, in)
		}
		return a
	}, func(c Class, a asked) {
		var found Difference
		if a.failed != nil {
			found = Difference{Kind: Fails, Question: q.Name, Error: failure(a.failed)}
		}
		g.add(c, "", found)
		for _, name := range a.never {
			if broken[name] == nil {
				broken[name] = counterexample(q, name, names[name], c)
			}
			broken[name].Classes++
		}
	})
	p.add(w, q)
	p.Certain = p.Certain && (w.Proven() || len(names) == 0)
	for _, name := range sortedNames(broken) {
		p.Broken = append(p.Broken, *broken[name])
	}
	fails := g.lines()
	for i := range fails {
		if err := fails[i].describe(ctx, q, e, e); err != nil {
			return err
		}
	}
	p.Fails = append(p.Fails, fails...)
	return nil
}

// invariantsOf returns the places of a question's invariants, by their texts.
func invariantsOf(e *policies.Engine, q policies.Question) map[string]string {
	c, _ := e.Compiled(policies.Questions()[0])
	found := map[string]string{}
	for _, r := range c.GetRulesExact(ast.MustParseRef("data.nidan.invariants." + q.Name + ".never")) {
		name := at(r.Location)
		if text, ok := r.Head.Key.Value.(ast.String); ok {
			name = string(text)
		}
		found[name] = at(r.Location)
	}
	return found
}

// notInNames matches characters that cannot be in the name of a test.
var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

func counterexample(q policies.Question, name, place string, c Class) *Broken {
	in := c.complete()
	b := &Broken{Question: q.Name, Never: name, Where: place, Input: json.RawMessage(in.String())}
	if value, err := ast.JSON(in); err == nil { // the String of an OPA value is not always valid JSON or Rego
		if raw, err := json.Marshal(value); err == nil {
			b.Input = raw
		}
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, b.Input, "\t", "\t"); err != nil {
		indented.Write(b.Input)
	}
	b.Test = fmt.Sprintf(`package nidan.invariants.%[1]s_test

import data.nidan.invariants.%[1]s

test_%[2]s if {
	not %[3]s in %[1]s.never with input as %[4]s
}
`, q.Name, strings.Trim(notInNames.ReplaceAllString(strings.ToLower(name), "_"), "_"), ast.String(name), indented.String())
	return b
}

// ProveBoth proves the invariants of the new policies, and those of the present ones: a team that removes an invariant must see if
// it does not hold any more.
func ProveBoth(ctx context.Context, from, to *policies.Engine, b Bounds) (Proof, error) {
	held, err := Prove(ctx, to, b)
	if err != nil || from.Set().SameInvariants(to.Set()) {
		return held, err
	}
	with, err := to.Set().WithInvariantsOf(from.Set()).Compile(ctx, to.Limit())
	if err != nil {
		return held, fmt.Errorf("ask the new policies for the invariants that hold now: %w", err)
	}
	before, err := Prove(ctx, with, b)
	for _, one := range before.Broken {
		if !slices.ContainsFunc(held.Broken, func(o Broken) bool { return o.Never == one.Never }) {
			held.Broken = append(held.Broken, one)
		}
	}
	held.Invariants = max(held.Invariants, before.Invariants)
	held.Complete, held.Certain = held.Complete && before.Complete, held.Certain && before.Certain
	held.Missing = slices.Compact(slices.Sorted(slices.Values(slices.Concat(held.Missing, before.Missing))))
	return held, err
}
