package store_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"nidan/settings"
	"nidan/store"
	"nidan/store/postgrestest"
	"nidan/store/storetest"
)

func TestPostgreSQL(t *testing.T) {
	server := postgrestest.Start(t)
	var databases atomic.Int64
	storetest.Run(t, func(t *testing.T) *store.Store {
		t.Helper()
		s, err := store.Open(t.Context(), server.New(fmt.Sprint("test_", databases.Add(1))))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		if err := s.Migrate(t.Context(), settings.Settings{TwoFactor: true, RememberDays: 30}); err != nil {
			t.Fatal(err)
		}
		return s
	})
}
