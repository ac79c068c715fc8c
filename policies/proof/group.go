package proof

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// groups gathers the classes with the same difference, to report them in few lines.
type groups struct {
	boxes   boxes
	classes []labelled
	labels  []label
	known   map[string]int // index in labels, by [Difference.key]
}

// label is a group of classes with the same difference.
type label struct {
	Difference
	first   Class
	classes int
	was     map[string]int // the number of classes, by old decision
}

func newGroups() *groups {
	return &groups{boxes: boxes{index: make(map[string]int)}, known: make(map[string]int)}
}

// add takes a class, the old decision about it, and the difference. The difference has no kind if the decisions are the same.
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

// key returns the same text for differences that are reported together. It contains the old and new values of the action, of terms
// and of minor changes. Of any other change it contains the field only.
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

// several stands for values that differ within a group.
const several = "…"

// unite keeps what two differences with the same key have in common. It replaces the other values by [several].
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

// lines reports all classes that differ, in few lines: the old decisions and some conditions. Lines may overlap. Every class that
// differs is in at least one line.
func (g *groups) lines() (all []Difference) {
	merged := g.boxes.merged(g.classes)
	for i, l := range g.labels {
		said := map[string][]string{} // the old decisions, by the text of the conditions
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

// spelledOut writes conditions with all their values. [Condition.String] writes the first values only.
func spelledOut(all []Condition) (text string) {
	for _, c := range all {
		text += fmt.Sprintf("%q %q %q\n", c.Fact, spelled(c.Values), spelled(c.Not))
	}
	return text
}

// line is the report about the classes of one label in one box.
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

// cover returns boxes that together contain all classes with this label and this old decision. They contain no class with the same
// old decision and another label.
func (g *groups) cover(label int, was string, merged []labelled) (found []box) {
	merged = slices.DeleteFunc(slices.Clone(merged), func(one labelled) bool { return one.was != was })
	var grown []box
	for _, one := range merged {
		if one.label == label && !slices.ContainsFunc(grown, func(x box) bool { return x.covers(one.box) }) {
			grown = append(grown, g.boxes.grow(one, merged))
		}
	}
	// A box that grew late may cover a box that grew early.
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

// size estimates how much a box contains. A box that restricts fewer facts is larger.
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
