package store_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"nidan/exchange"
	"nidan/records"
	"nidan/store/postgrestest"
)

// The test covers all tables that a sign-in writes to.
func TestADatabaseIsReadyIfASignInCanBeWrittenToEachOfItsTables(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url)
		if err := s.Prepare(t.Context(), initial); err != nil {
			t.Fatal(err)
		}
		for _, table := range texts(t, s, tables(s)) {
			if slices.Contains([]string{goose.DefaultTablename, "compatibility", "settings", "accounts", "shadow_tallies", "shadow_counts", "policy_sets", "policy_approvals",
				"journal_leaves", "journal_checkpoints", "record_counts", "record_counts_until"}, table) {
				continue
			}
			exec(t, s, `ALTER TABLE `+table+` RENAME TO away`)
			if err := s.Ready(t.Context()); err == nil {
				t.Errorf("without %s it is ready", table)
			}
			exec(t, s, `ALTER TABLE away RENAME TO `+table)
			if err := s.Ready(t.Context()); err != nil {
				t.Errorf("with %s back it is not ready: %v", table, err)
			}
			if got := texts(t, s, `SELECT CAST(count(*) AS TEXT) FROM `+table); got[0] != "0" {
				t.Errorf("%s of its rows are left in %s", got[0], table)
			}
		}
		if err := s.Update(t.Context(), "agent", func(tx exchange.Tx) error { return tx.AddRecord(t.Context(), records.Record{}) }); err != nil {
			t.Fatal(err)
		}
		if ids := texts(t, s, `SELECT CAST(id AS TEXT) FROM records`); !slices.Equal(ids, []string{"1"}) {
			t.Errorf("the first record has the id %v", ids)
		}
		select {
		case <-s.Queued():
			t.Error("whoever sends messages is told of one")
		default:
		}
	})
}

func TestADatabaseThatCanOnlyBeReadIsNotReady(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.New("nidan")
	s := opened(t, url)
	if err := s.Prepare(t.Context(), initial); err != nil {
		t.Fatal(err)
	}
	exec(t, s, `ALTER DATABASE nidan SET default_transaction_read_only = on`)
	err := opened(t, url).Ready(t.Context())
	if err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("it is %v", err)
	}
}
