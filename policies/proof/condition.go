package proof

import (
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Condition is what holds of a fact.
type Condition struct {
	Fact   string   `json:"fact"`
	Values []string `json:"values,omitempty"` // one of these
	Not    []string `json:"not,omitempty"`    // or none of these
}

func conditionOf(f *fact, values []ast.Value, allowed []bool) Condition {
	c := Condition{Fact: f.name}
	if f.kind == number {
		c.Values = ranges(values, allowed)
		return c
	}
	var in, out, others []string // others are none of the constants
	all := 0
	for i, v := range values {
		switch {
		case v == nil && allowed[i]:
			in = append(in, "(not there)")
		case v == nil:
			out = append(out, "(not there)")
		case strings.Contains(v.String(), "(other "):
			if all++; allowed[i] {
				others = append(others, textOf(v))
			}
		case allowed[i]:
			in = append(in, textOf(v))
		default:
			out = append(out, textOf(v))
		}
	}
	switch len(others) {
	case 0:
		c.Values = in
	case all:
		c.Not = out
	default: // one and not another: it is the same as some other fact, or it is not
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

// ranges are numbers as "7", "7 to 29" or "30 or more". Each value stands for all numbers before the next one.
func ranges(values []ast.Value, allowed []bool) (all []string) {
	for i := 0; i < len(values); i++ {
		if !allowed[i] {
			continue
		}
		from := values[i].String()
		for i+1 < len(values) && allowed[i+1] {
			i++
		}
		if i == len(values)-1 {
			all = append(all, from+" or more")
			continue
		}
		next, _ := values[i+1].(ast.Number).Int()
		if to := strconv.Itoa(next - 1); to != from {
			from += " to " + to
		}
		all = append(all, from)
	}
	return all
}
