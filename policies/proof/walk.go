package proof

import (
	"context"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Class is all inputs that agree in the facts that were looked at.
type Class struct {
	facts  []choice // in the order in which they were looked at
	values map[string]ast.Value
	of     *domains
}

// Bounds bound a walk. What is 0 bounds nothing.
type Bounds struct {
	Classes int           // at most so many
	Time    time.Duration // at most for so long
	Between func()        // called between two evaluations, to give way to others; nil: nothing is
}

// Walked says how far a walk came.
type Walked struct {
	Classes     int      `json:"classes"`
	Evaluations int      `json:"evaluations"`
	Complete    bool     `json:"complete"`             // all of the space was walked
	Missing     []string `json:"not_proven,omitempty"` // what could not be enumerated: for this, nothing is proven
}

// Proven says whether what was found holds for all inputs there can be.
func (w Walked) Proven() bool { return w.Complete && len(w.Missing) == 0 }

// choice is a fact of the class that is looked at, and which of its values it has there.
type choice struct {
	fact   *fact
	values []ast.Value
	at     int
}

// walk visits each class of possible inputs that ask cannot tell apart. All that ask looks at, it has to look at in the input that it is
// given. It ends where the visit says so.
func walk[A any](ctx context.Context, d *domains, b Bounds, ask func(ast.Value) A, visit func(Class, A)) (w Walked) {
	start := time.Now()
	missing := map[string]bool{}
	for _, f := range d.flows {
		for _, m := range f.missing {
			missing[m] = true
		}
	}
	var chosen []choice
	for !w.Complete && ctx.Err() == nil && (b.Classes == 0 || w.Classes < b.Classes) && (b.Time == 0 || time.Since(start) < b.Time) {
		asked := &asking{domains: d, given: make(map[string]ast.Value, len(chosen))}
		for _, c := range chosen {
			asked.given[c.fact.name] = c.values[c.at]
		}
		if possible(asked.given) {
			w.Evaluations++
			answer, ok := askSafely(asked, ask)
			for _, f := range asked.looked {
				of := d.of(f)
				chosen = append(chosen, choice{fact: f, values: of.values})
				for _, m := range of.missing {
					missing["input."+f.name+": "+m] = true
				}
			}
			for _, m := range asked.missing {
				missing[m] = true
			}
			if ok && possible(asked.given) {
				w.Classes++
				visit(Class{facts: append([]choice{}, chosen...), values: asked.given, of: d}, answer)
			}
		}
		chosen, w.Complete = next(chosen)
		if b.Between != nil {
			b.Between()
		}
	}
	w.Missing = sortedNames(missing)
	return w
}

// askSafely asks. OPA knows no objects but its own: where one that is watched is used as a whole, it may give up.
func askSafely[A any](asked *asking, ask func(ast.Value) A) (answer A, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			asked.missing = append(asked.missing, fmt.Sprintf("an object of the input is used as a whole (%v)", r))
		}
	}()
	return ask(asked.watch(asked.domains.root)), true
}

// next gives the fact that was looked at last its next value. Where it has none, it need not be looked at again, and the one before it gets
// its next value.
func next(chosen []choice) ([]choice, bool) {
	for len(chosen) > 0 {
		last := &chosen[len(chosen)-1]
		if last.at++; last.at < len(last.values) {
			return chosen, false
		}
		chosen = chosen[:len(chosen)-1]
	}
	return nil, true
}

// complete is one of the inputs of a class, such as it can come.
func (c Class) complete() ast.Object {
	given := make(map[string]ast.Value, len(c.values))
	for name, v := range c.values {
		given[name] = v
	}
	for _, f := range c.of.root.all() {
		if _, ok := given[f.name]; ok {
			continue
		}
		for _, v := range c.of.of(f).values {
			if given[f.name] = v; possible(given) {
				break
			}
		}
	}
	for _, channel := range switched {
		if v, ok := given["settings."+channel]; ok {
			given["settings.channels."+channel] = v
		}
	}
	a := &asking{domains: c.of, given: given}
	return a.object(c.of.root, a.value)
}
