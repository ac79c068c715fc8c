package proof

import (
	"context"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Class stands for all inputs with the same values of the facts that were looked at.
type Class struct {
	facts  []choice // in the order in which they were looked at
	values map[string]ast.Value
	of     *domains
}

// Bounds limits a walk. A field that is 0 sets no limit.
type Bounds struct {
	Classes int           // the most classes to visit
	Time    time.Duration // the longest time to walk
	Between func()        // called between two evaluations, to yield to other work; may be nil
}

// Walked says how far a walk came.
type Walked struct {
	Classes     int      `json:"classes"`
	Evaluations int      `json:"evaluations"`
	Complete    bool     `json:"complete"`             // all possible inputs were walked
	Missing     []string `json:"not_proven,omitempty"` // what could not be enumerated, so that nothing is proven for it
}

// Proven says whether the result holds for all possible inputs.
func (w Walked) Proven() bool { return w.Complete && len(w.Missing) == 0 }

// choice is a fact of a class and the value that it has there.
type choice struct {
	fact   *fact
	values []ast.Value
	at     int
}

// walk visits each class of possible inputs that ask can distinguish. The function ask must read the input only through the value
// that it is given. The walk ends at its bounds or with ctx.
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

// askSafely calls ask. OPA knows only its own objects, and may panic if it uses a watched object as a whole.
func askSafely[A any](asked *asking, ask func(ast.Value) A) (answer A, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			asked.missing = append(asked.missing, fmt.Sprintf("an object of the input is used as a whole (%v)", r))
		}
	}()
	return ask(asked.watch(asked.domains.root)), true
}

// next gives the fact that was looked at last its next value. If there is none, it drops this fact and continues with the fact
// before. It returns true if no fact is left.
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

// complete returns an input of a class that can occur.
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
