package proof

import (
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"nidan/policies"
)

func TestTheFirstRowThatFitsSaysWhatIsDecided(t *testing.T) {
	for name, text := range understood {
		t.Run(name, func(t *testing.T) {
			e := engine(t, rules(text))
			q := policies.Questions()[0]
			d, err := domainsOf(q, e)
			if err != nil {
				t.Fatal(err)
			}
			r := &rowing{boxes: boxes{index: make(map[string]int)}, known: make(map[string]int)}
			walk(t.Context(), d, Bounds{Classes: 600}, func(in ast.Value) string { return said(t, e, q, in) }, r.add)
			rows := r.rows()
			for _, c := range r.classes {
				fits := false
				for _, row := range rows {
					if fits = row.box.meets(c.box); fits {
						if row.label != c.label {
							t.Fatalf("%s is said of what is %s", r.said[row.label], r.said[c.label])
						}
						if row.box.covers(c.box) {
							break
						}
						fits = false
					}
				}
				if !fits {
					t.Fatalf("no row says %s", r.said[c.label])
				}
			}
			if len(rows) < len(r.said) {
				t.Errorf("%d rows for %d decisions", len(rows), len(r.said))
			}
		})
	}
}

func TestTheTableOfTheShippedSet(t *testing.T) {
	table, err := TableOf(t.Context(), engine(t, policies.Shipped()), policies.Questions()[0], Bounds{})
	if err != nil || !table.Proven() || len(table.Rows) > 80 {
		t.Fatalf("got %+v, %v", table, err)
	}
	first, last := table.Rows[0], table.Rows[len(table.Rows)-1]
	if first.Decided != "refuse account_locked (state: sign_in_again)" || first.Condition() != "account.locked" || !strings.HasPrefix(first.Where, "login/login.rego:") ||
		last.Condition() != "everything else" {
		t.Errorf("got %+v and %+v", first, last)
	}
}

func TestAWalkGivesWayBetweenEvaluations(t *testing.T) {
	n := 0
	table, err := TableOf(t.Context(), engine(t, policies.Shipped()), policies.Questions()[0], Bounds{Classes: 50, Between: func() { n++ }})
	if err != nil || n != table.Evaluations || n < 50 {
		t.Errorf("%d times in %d evaluations, %v", n, table.Evaluations, err)
	}
}
