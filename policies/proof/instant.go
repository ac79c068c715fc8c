package proof

import (
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
)

// week is the beginning of a week: a Monday. Each half hour of this week is tried if the policies read the clock.
var week = time.Date(2026, 4, 6, 0, 15, 0, 0, time.UTC)

// instants returns one instant if the policies do not read the clock. Otherwise it returns each half hour of a week, and the
// seconds before, at and after each instant that the policies name. No list can show that nothing else of a time matters, so
// missing says this.
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
