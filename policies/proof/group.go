package proof

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// groups gather classes that differ alike, to say of them in few lines when they do.
type groups struct {
	boxes   boxes
	classes []labelled
	labels  []label
	known   map[string]int // labels, by what they are about
}

// label is what is alike in a group of classes.
type label struct {
	Difference
	first   Class
	classes int
	was     map[string]int // how many classes of it were decided so
}

func newGroups() *groups {
	return &groups{boxes: boxes{index: make(map[string]int)}, known: make(map[string]int)}
}

// add takes a class, what was decided on it, and how that differs.
func (g *groups) add(c Class, was string, d Difference) {
	one := labelled{box: g.boxes.of(c), label: -1, was: was}
	if d.Kind != "" {
		key := d.key()
		i, ok := g.known[key]
		if !ok {
			i = len(g.labels)
			g.known[key] = i
			g.labels = append(g.labels, label{Difference: d, first: c, was: make(map[string]int)})
		}
		l := &g.labels[i]
		l.unite(d)
		l.classes++
		l.was[was]++
		one.label = i
	}
	g.classes = append(g.classes, one)
}

// key is the same for differences of which is said at once when they are. Of what comes with another action, it is not told apart what it
// was and is.
func (d Difference) key() string {
	key := []string{string(d.Kind), d.Error}
	for _, c := range d.Changes {
		key = append(key, c.Field)
		if c.term || c.minor || c.Field == "action" {
			key = append(key, c.From, c.To)
		}
	}
	return strings.Join(key, "\x00")
}

// several stands for values that are not told apart.
const several = "…"

// unite says of two differences with the same key what is common to them.
func (l *label) unite(d Difference) {
	l.Looser = l.Looser || d.Looser
	for i, c := range d.Changes {
		if l.Changes[i].From != c.From {
			l.Changes[i].From = several
		}
		if l.Changes[i].To != c.To {
			l.Changes[i].To = several
		}
	}
}

// lines are all classes that differ, in few lines: what was decided before, and some facts. Lines may overlap; no class that differs is in
// none.
func (g *groups) lines() (all []Difference) {
	merged := g.boxes.merged(g.classes)
	for i, l := range g.labels {
		said := map[string][]string{} // by the facts: what was decided before
		of := map[string][]box{}
		for _, was := range sortedNames(l.was) {
			boxes := g.cover(i, was, merged)
			key := ""
			for _, x := range boxes {
				key += spelledOut(g.boxes.conditions(x))
			}
			said[key], of[key] = append(said[key], was), boxes
		}
		for _, key := range sortedNames(said) {
			for _, x := range of[key] {
				all = append(all, g.line(i, said[key], x))
			}
		}
	}
	return all
}

// spelledOut are conditions with each of their values, and not the first ones alone.
func spelledOut(all []Condition) (text string) {
	for _, c := range all {
		text += fmt.Sprintf("%q %q %q\n", c.Fact, spelled(c.Values), spelled(c.Not))
	}
	return text
}

// line is what is said of the classes of a label that are in a box.
func (g *groups) line(i int, was []string, x box) Difference {
	d := g.labels[i].Difference
	d.Was, d.When = was, g.boxes.conditions(x)
	d.region = region{box: x, facts: g.boxes.facts, values: g.boxes.values, of: g.labels[i].first.of}
	d.Example = g.labels[i].first.complete()
	for _, c := range g.classes {
		if c.label == i && slices.Contains(was, c.was) && x.meets(c.box) {
			d.Classes++
		}
	}
	return d
}

// cover are boxes in which all classes of a label are that were decided alike, and no others that were.
func (g *groups) cover(label int, was string, merged []labelled) (found []box) {
	merged = slices.DeleteFunc(slices.Clone(merged), func(one labelled) bool { return one.was != was })
	var grown []box
	for _, one := range merged {
		if one.label == label && !slices.ContainsFunc(grown, func(x box) bool { return x.covers(one.box) }) {
			grown = append(grown, g.boxes.grow(one, merged))
		}
	}
	// One that grew late may cover what grew early.
	slices.SortStableFunc(grown, func(x, y box) int { return cmp.Compare(x.size(), y.size()) })
	for i, x := range grown {
		others := slices.Concat(found, grown[i+1:])
		needed := slices.ContainsFunc(merged, func(one labelled) bool {
			return one.label == label && x.covers(one.box) && !slices.ContainsFunc(others, func(o box) bool { return o.covers(one.box) })
		})
		if needed {
			found = append(found, x)
		}
	}
	slices.Reverse(found)
	for i, x := range found {
		found[i] = x.occurring(merged)
	}
	return found
}

// size is how much is in a box, roughly: the fewer facts it says something of, the more.
func (x box) size() (n int) {
	for _, allowed := range x {
		if allowed == nil {
			n += 1000
			continue
		}
		for _, a := range allowed {
			if a {
				n++
			}
		}
	}
	return n
}
