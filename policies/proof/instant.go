package proof

import (
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
)

// week begins on a Monday. Each half hour of it is tried where policies read the clock.
var week = time.Date(2026, 4, 6, 0, 15, 0, 0, time.UTC)

// instants are one instant, or each half hour of a week and what lies around the instants that the policies name, where they read the
// clock. That nothing else of a time matters cannot be told.
func instants(a about) (made domain) {
	if len(a.uses) == 0 && len(a.texts) == 0 {
		return domain{values: []ast.Value{instantValue(week)}}
	}
	for n := range 7 * 48 {
		made.values = append(made.values, instantValue(week.Add(time.Duration(n)*30*time.Minute)))
	}
	for _, t := range sortedNames(a.texts) {
		if at, err := time.Parse(time.RFC3339, t); err == nil {
			for _, beside := range []time.Duration{-time.Second, 0, time.Second} {
				made.values = append(made.values, instantValue(at.Add(beside)))
			}
		}
	}
	for _, u := range a.uses {
		made.missing = append(made.missing, u.String()+", tried at each half hour of a week")
	}
	if len(a.uses) == 0 {
		made.missing = append(made.missing, "compared as a text, tried at each half hour of a week")
	}
	return made
}

func instantValue(t time.Time) ast.Value { return ast.String(t.Format(time.RFC3339)) }
