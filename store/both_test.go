package store_test

import (
	"path/filepath"
	"testing"

	"nidan/settings"
	"nidan/store"
	"nidan/store/postgrestest"
)

var initial = settings.Settings{TwoFactor: true, RememberDays: 30}

// onBoth runs a test on an empty database of each kind.
func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(t, "sqlite:"+filepath.Join(t.TempDir(), "nidan.db")) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, postgrestest.Start(t).New("nidan")) })
}

func opened(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func exec(t *testing.T, s *store.Store, statement string, args ...any) {
	t.Helper()
	if _, err := s.DB().ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// texts returns the rows of a query that has one text column.
func texts(t *testing.T, s *store.Store, query string, args ...any) (found []string) {
	t.Helper()
	rows, err := s.DB().QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		found = append(found, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}
