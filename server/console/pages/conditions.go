package pages

import (
	"regexp"

	"nidan/policies/proof"
)

// condition is a condition on a fact, as a page shows it.
type condition struct {
	Fact        string
	Not         bool // the fact has none of the values
	First, Rest []shownValue
}

// shownValue is a value of a condition. Its kind says in which words it is shown.
type shownValue struct {
	Kind     proof.ValueKind
	Text, To string
}

// The kinds of values that only the pages have, besides those of package proof.
const (
	atOrAbove proof.ValueKind = "at_or_above"
	atOrBelow proof.ValueKind = "at_or_below"
	unlike    proof.ValueKind = "unlike"
	sameAs    proof.ValueKind = "same_as" // the same value as another fact, and the policies do not contain it
	anything  proof.ValueKind = "anything"
)

// mostShown is how many values are shown; the others are in a part that can be opened.
const mostShown = 6

func conditionsOf(all []proof.Condition) []condition {
	shown := make([]condition, len(all))
	for i, c := range all {
		values := shownValues(c.Fact, c.Values)
		if len(c.Not) > 0 {
			values = shownValues(c.Fact, c.Not)
		}
		if len(values) == 0 {
			values = []shownValue{{Kind: anything}}
		}
		shown[i] = condition{Fact: c.Fact, Not: len(c.Not) > 0, First: values}
		if len(values) > mostShown+1 { // to show one more value takes no more room than to say that there is one more
			shown[i].First, shown[i].Rest = values[:mostShown], values[mostShown:]
		}
	}
	return shown
}

func shownValues(fact string, values []proof.Value) (all []shownValue) {
	if len(values) == 2 {
		switch [2]proof.ValueKind{values[0].Kind, values[1].Kind} {
		case [2]proof.ValueKind{proof.Equal, proof.Above}:
			return []shownValue{{Kind: atOrAbove, Text: values[0].Text}}
		case [2]proof.ValueKind{proof.Below, proof.Equal}:
			return []shownValue{{Kind: atOrBelow, Text: values[0].Text}}
		case [2]proof.ValueKind{proof.Below, proof.Above}:
			return []shownValue{{Kind: unlike, Text: values[0].Text}}
		}
	}
	for _, v := range values {
		s := shownValue{v.Kind, v.Text, v.To}
		switch {
		case v.Kind == proof.Others && v.Text != fact:
			s.Kind = sameAs
		case v.Kind == proof.One:
			s.Text = readable(v.Text)
		}
		all = append(all, s)
	}
	return all
}

// anyText matches the part of a text that stands for any text that the policies do not distinguish.
var anyText = regexp.MustCompile(`[\x00\x01]+(\(other [^)]*\))?`)

// readable returns a text with "…" in the place of any other text.
func readable(text string) string {
	if text == "" {
		return `""`
	}
	return anyText.ReplaceAllString(text, "…")
}
