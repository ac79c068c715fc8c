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
	s, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Migrate(t.Context(), settings.Settings{RememberDays: 30}); err != nil {
		t.Fatal(err)
	}
	for _, a := range append(agedTables(), agedWithRecords()...) {
		rows, err := s.DB().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+a.forget(), 1)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, step)
		}
		if err := rows.Err(); err != nil || len(plan) == 0 || strings.Contains(strings.Join(plan, "\n"), "SCAN") {
			t.Errorf("%s, %v: %s", a.table, err, strings.Join(plan, "; "))
		}
	}
}
