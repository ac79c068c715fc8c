package store

import (
	"path/filepath"
	"strings"
	"testing"

	"nidan/settings"
)

// Without an index, a purge would read the whole table. It would take longer the more rows there are, and every sign-in would wait
// for it.
func TestWhatIsOldIsFoundByAnIndex(t *testing.T) {
	plan := planner(t)
	for _, a := range append(agedTables(), agedWithRecords()...) {
		if steps := plan(a.forget(), 1); strings.Contains(steps, "SCAN") {
			t.Errorf("%s: %s", a.table, steps)
		}
	}
}

// A change of a password asks for this sign-in inside a transaction. Without the index, it would read the sign-ins of all accounts within
// an hour, and every sign-in would wait for it.
func TestTheNewestSecondStepOfAnAccountIsFoundByItsIndex(t *testing.T) {
	if steps := planner(t)(selectLatestSecondStep, "agent", 1); !strings.Contains(steps, "sign_ins_with_second_step (account_id=? AND authenticated_at>?)") {
		t.Error(steps)
	}
}

// planner returns a function that says how SQLite carries a statement out.
func planner(t *testing.T) func(statement string, args ...any) string {
	t.Helper()
	s, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(t.Context(), settings.Settings{RememberDays: 30}); err != nil {
		t.Fatal(err)
	}
	return func(statement string, args ...any) string {
		t.Helper()
		rows, err := s.DB().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement, args...)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var steps []string
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			steps = append(steps, step)
		}
		if err := rows.Err(); err != nil || len(steps) == 0 {
			t.Fatalf("%s: no plan: %v", statement, err)
		}
		return strings.Join(steps, "; ")
	}
}
