package proof

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// ValueKind is how a [Value] names values of a fact.
type ValueKind string

// How values are named.
const (
	One     ValueKind = "one"      // Text itself
	Absent  ValueKind = "absent"   // the fact is not there
	Range   ValueKind = "range"    // a number from Text to To
	AtLeast ValueKind = "at_least" // the number Text, or a larger one
	Below   ValueKind = "below"    // a number below that of the fact Text
	Equal   ValueKind = "equal"    // a number equal to that of the fact Text
	Above   ValueKind = "above"    // a number above that of the fact Text
	Others  ValueKind = "others"   // a text that the policies do not name. Text is a fact: of another fact, it is the same text as that fact's
)

// Value is one value of a fact, or several that a condition names together. Whoever shows it puts it into words of their own; in English, it
// is a [Value.String].
type Value struct {
	Kind     ValueKind
	Text, To string
}

// String is the value in English, as the command line shows it.
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

// MarshalText is [Value.String]: in JSON, a value is a text.
func (v Value) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText wrote. A text that looks like words for several values is taken for these: whatever is read is
// written as it was.
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

// comparisons are how a number may stand to another one, the smaller first.
var comparisons = []ValueKind{Below, Equal, Above}

// otherBegins is how texts begin that stand for all that the policies do not name, see freshOf.
const otherBegins = "(other "

func isOther(v ast.Value) bool { return v != nil && strings.Contains(v.String(), otherBegins) }

// valueOf is a single value of a domain.
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

// spelled are values as the command line shows them.
func spelled(values []Value) []string {
	all := make([]string, 0, len(values))
	for _, v := range values {
		all = append(all, v.String())
	}
	return all
}

// only says whether a condition names one value alone.
func only(values []Value, text string) bool {
	return slices.Equal(values, []Value{{Kind: One, Text: text}})
}
