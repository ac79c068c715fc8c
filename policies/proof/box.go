package proof

import (
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// boxes holds the facts, and their values, that all boxes of a walk are written in. A box is a set of inputs.
type boxes struct {
	index  map[string]int // of facts, by name
	facts  []*fact
	values [][]ast.Value
}

// box says for each fact which of its values are in the box. nil: the fact may have any value.
type box [][]bool

// of returns the box of a class.
func (b *boxes) of(c Class) box {
	made := make(box, len(b.facts))
	put := func(key string, f *fact, values []ast.Value, at int) {
		i, ok := b.index[key]
		if !ok {
			i = len(b.facts)
			b.index[key] = i
			b.facts, b.values = append(b.facts, f), append(b.values, values)
		}
		for len(made) <= i {
			made = append(made, nil)
		}
		made[i] = make([]bool, len(values))
		made[i][at] = true
	}
	for _, ch := range c.facts {
		put(ch.fact.name, ch.fact, ch.values, ch.at)
	}
	for _, r := range c.relations() {
		put(relationKey+r.of.name+relationKey+r.of.than, r.of, make([]ast.Value, len(comparisons)), r.at)
	}
	return made
}

// relationKey begins the key of a relation in the index. It keeps relations apart from facts: no fact's name begins with it.
const relationKey = "\x00"

// order returns the order in which [boxes.grow] drops what a box says about a fact: the fact that was looked at last is dropped
// first. Relations of numbers are dropped at the end, because one relation says much in few words.
func (b *boxes) order() (all []int) {
	isRelation := make([]bool, len(b.facts))
	for key, i := range b.index {
		isRelation[i] = strings.HasPrefix(key, relationKey)
	}
	for _, relations := range []bool{false, true} {
		for i := range slices.Backward(b.facts) {
			if isRelation[i] == relations {
				all = append(all, i)
			}
		}
	}
	return all
}

// at returns what a box says about a fact. A fact that was added after the box was made was not looked at there: the answer is nil.
func (x box) at(i int) []bool {
	if i < len(x) {
		return x[i]
	}
	return nil
}

// meets says whether an input can be in both boxes.
func (x box) meets(y box) bool {
	for i, allowed := range x {
		other := y.at(i)
		if allowed == nil || other == nil {
			continue
		}
		common := false
		for v := range allowed {
			common = common || allowed[v] && other[v]
		}
		if !common {
			return false
		}
	}
	return true
}

// covers says whether this box contains all inputs of another box.
func (x box) covers(y box) bool {
	for i, allowed := range x {
		if allowed == nil {
			continue
		}
		other := y.at(i)
		if other == nil {
			return false
		}
		for v := range other {
			if other[v] && !allowed[v] {
				return false
			}
		}
	}
	return true
}

// labelled is a box whose inputs all have the same difference (label) and had the same old decision (was).
type labelled struct {
	box   box
	label int
	was   string
}

// merged returns the same inputs in fewer boxes: two boxes that differ in one fact only become one box.
func (b *boxes) merged(all []labelled) []labelled {
	for before := 0; before != len(all); {
		before = len(all)
		for i := range slices.Backward(b.facts) {
			all = b.mergedBy(i, all)
		}
	}
	return all
}

func (b *boxes) mergedBy(i int, all []labelled) []labelled {
	known := map[string]int{}
	var kept []labelled
	var key []byte
	for _, one := range all {
		key = append(strconv.AppendInt(key[:0], int64(one.label), 10), one.was...)
		for f := range b.facts {
			if f != i {
				key = spell(append(key, ' '), one.box.at(f))
			}
		}
		of := one.box.at(i)
		at, ok := known[string(key)]
		if !ok || (of == nil) != (kept[at].box.at(i) == nil) {
			if !ok {
				known[string(key)] = len(kept)
			}
			kept = append(kept, one)
			continue
		}
		if of == nil {
			continue // the same box
		}
		into := slices.Clone(kept[at].box)
		into[i] = slices.Clone(into[i])
		for v := range of {
			into[i][v] = into[i][v] || of[v]
		}
		if !slices.Contains(into[i], false) {
			into[i] = nil
			delete(known, string(key))
		}
		kept[at].box = into
	}
	return kept
}

func spell(key []byte, allowed []bool) []byte {
	for _, a := range allowed {
		if a {
			key = append(key, '1')
		} else {
			key = append(key, '0')
		}
	}
	return key
}

// mostCompared bounds the work of [boxes.grow]: if there are more boxes than this, none is grown.
const mostCompared = 20_000

// grow makes a box as large as possible. The grown box meets no box that has the same old decision and another label. It keeps what
// it says about the facts that were looked at first, see [boxes.order].
func (b *boxes) grow(one labelled, all []labelled) box {
	if len(all) > mostCompared {
		return one.box
	}
	pure := func(x box) bool {
		return !slices.ContainsFunc(all, func(o labelled) bool { return o.label != one.label && o.was == one.was && x.meets(o.box) })
	}
	x := slices.Clone(one.box)
	for _, i := range b.order() {
		allowed := one.box.at(i)
		if allowed == nil {
			continue
		}
		if x[i] = nil; pure(x) {
			continue
		}
		x[i] = slices.Clone(allowed)
		for v := range allowed {
			if !x[i][v] {
				x[i][v] = true
				x[i][v] = pure(x)
			}
		}
	}
	return x
}

// occurring returns a box without the values that no given box has that meets it. So a condition names no value that does not occur.
func (x box) occurring(all []labelled) box {
	made := slices.Clone(x)
	for i, allowed := range x {
		if allowed == nil {
			continue
		}
		made[i] = make([]bool, len(allowed))
		for _, o := range all {
			if !x.meets(o.box) {
				continue
			}
			for v := range allowed {
				of := o.box.at(i)
				made[i][v] = made[i][v] || allowed[v] && (of == nil || of[v])
			}
		}
	}
	return made
}

func (b *boxes) conditions(x box) (all []Condition) {
	for i, allowed := range x {
		if allowed != nil {
			all = append(all, conditionOf(b.facts[i], b.values[i], allowed))
		}
	}
	return all
}
