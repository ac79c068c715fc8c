package proof

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// ValueKind says how a [Value] describes values of a fact.
type ValueKind string

// The kinds of values.
const (
	One     ValueKind = "one"      // the value Text
	Absent  ValueKind = "absent"   // the fact is missing
	Range   ValueKind = "range"    // a number from Text to To
	AtLeast ValueKind = "at_least" // the number Text, or a larger one
	Below   ValueKind = "below"    // a number below the value of the fact Text
	Equal   ValueKind = "equal"    // a number equal to the value of the fact Text
	Above   ValueKind = "above"    // a number above the value of the fact Text
	Others  ValueKind = "others"   // a text that the policies do not name. Text is the name of a fact. If it is another fact, both facts have the same text
)

// Value describes one value of a fact, or several values that a condition names together. A program that shows it in another
// language puts it into words itself; [Value.String] is English.
type Value struct {
	Kind     ValueKind
	Text, To string
}

// String returns the value in English, as the command line shows it.
func (v Value) String() string {
	switch v.Kind {
	case Absent:
		return "(not there)"
	case Range:
		return v.Text + " to " + v.To
	case AtLeast:
		return v.Text + " or more"
	case Below, Above:
		return string(v.Kind) + " " + v.Text
	case Equal:
		return "equal to " + v.Text
	case Others:
		return otherBegins + v.Text + ")"
	}
	return v.Text
}

// MarshalText returns [Value.String]: in JSON, a value is a string.
func (v Value) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads the text of MarshalText. A constant that looks like the words for several values is read as these. When it is
// written again, the text is the same.
func (v *Value) UnmarshalText(text []byte) error {
	s := string(text)
	*v = Value{Kind: One, Text: s}
	for _, kind := range comparisons {
		if than, ok := strings.CutPrefix(s, (Value{Kind: kind}).String()); ok {
			*v = Value{Kind: kind, Text: than}
			return nil
		}
	}
	if s == (Value{Kind: Absent}).String() {
		*v = Value{Kind: Absent}
	} else if inner, ok := strings.CutPrefix(s, otherBegins); ok && strings.HasSuffix(inner, ")") {
		*v = Value{Kind: Others, Text: strings.TrimSuffix(inner, ")")}
	} else if least, ok := strings.CutSuffix(s, " or more"); ok {
		*v = Value{Kind: AtLeast, Text: least}
	} else if from, to, ok := strings.Cut(s, " to "); ok {
		*v = Value{Kind: Range, Text: from, To: to}
	}
	return nil
}

// comparisons are the kinds that compare a number with another one, the smallest first.
var comparisons = []ValueKind{Below, Equal, Above}

// otherBegins is the beginning of placeholder texts that stand for all texts that the policies do not name, see freshOf.
const otherBegins = "(other "

func isOther(v ast.Value) bool { return v != nil && strings.Contains(v.String(), otherBegins) }

// valueOf describes a single value of a domain.
func valueOf(v ast.Value) Value {
	if v == nil {
		return Value{Kind: Absent}
	}
	text := textOf(v)
	if rest, ok := strings.CutPrefix(text, otherBegins); ok {
		return Value{Kind: Others, Text: strings.TrimSuffix(rest, ")")}
	}
	return Value{Kind: One, Text: text}
}

// spelled returns values as the command line shows them.
func spelled(values []Value) []string {
	all := make([]string, 0, len(values))
	for _, v := range values {
		all = append(all, v.String())
	}
	return all
}

// only says whether a condition names this value and no other.
func only(values []Value, text string) bool {
	return slices.Equal(values, []Value{{Kind: One, Text: text}})
}
