package proof

import (
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Condition says which values a fact has.
type Condition struct {
	Fact   string  `json:"fact"`
	Values []Value `json:"values,omitempty"` // the fact has one of these values
	Not    []Value `json:"not,omitempty"`    // or it has none of these
}

func conditionOf(f *fact, values []ast.Value, allowed []bool) Condition {
	c := Condition{Fact: f.name}
	switch f.kind {
	case number:
		c.Values = ranges(values, allowed)
		return c
	case comparison:
		for i, kind := range comparisons {
			if allowed[i] {
				c.Values = append(c.Values, Value{Kind: kind, Text: f.than})
			}
		}
		return c
	}
	var in, out, others []Value // others: placeholders for texts that no policy names
	all := 0
	for i, v := range values {
		switch {
		case isOther(v):
			if all++; allowed[i] {
				others = append(others, valueOf(v))
			}
		case allowed[i]:
			in = append(in, valueOf(v))
		default:
			out = append(out, valueOf(v))
		}
	}
	switch len(others) {
	case 0:
		c.Values = in
	case all:
		c.Not = out
	default: // some placeholders only: the fact has, or has not, the same text as another fact
		c.Values = append(in, others...)
	}
	return c
}

func textOf(v ast.Value) string {
	if s, ok := v.(ast.String); ok {
		return string(s)
	}
	return v.String()
}

// ranges returns numbers as single numbers, as ranges, or as "from this number on". Each value stands for all numbers from itself
// to the next value.
func ranges(values []ast.Value, allowed []bool) (all []Value) {
	for i := 0; i < len(values); i++ {
		if !allowed[i] {
			continue
		}
		from := values[i].String()
		for i+1 < len(values) && allowed[i+1] {
			i++
		}
		if i == len(values)-1 {
			all = append(all, Value{Kind: AtLeast, Text: from})
			continue
		}
		next, _ := values[i+1].(ast.Number).Int()
		if to := strconv.Itoa(next - 1); to != from {
			all = append(all, Value{Kind: Range, Text: from, To: to})
		} else {
			all = append(all, Value{Kind: One, Text: from})
		}
	}
	return all
}
