package proof

import "slices"

// relation is how two numbers that the policies compare with each other stand to each other. It is said in the place of the numbers, where
// nothing but that matters.
type relation struct {
	of *fact
	at int // in comparisons
}

// relations are those of a class.
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
