package proof

import "slices"

// relation says how two numbers that the policies compare with each other compare in a class: below, equal or above. A condition
// names it instead of the numbers if only it matters.
type relation struct {
	of *fact
	at int // index in comparisons
}

// relations returns the relations of a class.
func (c Class) relations() (all []relation) {
	for i, x := range c.facts {
		for _, y := range c.facts[:i] {
			if x.fact.kind != number || y.fact.kind != number || !slices.Contains(c.of.about(x.fact).fresh, freshOf(y.fact.name, 0)) {
				continue
			}
			a, b := x, y
			if a.fact.name > b.fact.name {
				a, b = b, a
			}
			all = append(all, relation{
				of: &fact{name: a.fact.name, kind: comparison, than: b.fact.name},
				at: a.values[a.at].Compare(b.values[b.at]) + 1,
			})
		}
	}
	return all
}
