package store

import (
	"context"
	"fmt"
	"time"
)

// purgedAtOnce is the maximum number of rows that one statement deletes. While the statement runs, no sign-in can be recorded, so no
// sign-in can be let in.
const purgedAtOnce = 200

// aged is a table whose rows are deleted when they reach a certain age. An index of the table begins with the column at, which has
// the age.
type aged struct {
	table, key, at string
	aYear          bool // rows are kept for one year longer: no device is remembered longer, and no Kratos session lasts longer
}

// agedTables returns the tables whose rows [Store.Purge] deletes.
func agedTables() []aged {
	return []aged{
		{"deliveries", "key", "at", false},
		{"challenges", "id", "expires_at", false},
		{"devices", "account_id, token_hash", "verified_at", true},
		{"sign_ins", "authenticated_at, account_id", "authenticated_at", true},
	}
}

// agedWithRecords returns the tables whose rows are kept as long as the records.
func agedWithRecords() []aged {
	return []aged{
		{"records", "id", "at", false},
		{"shadow_tallies", "sets, change", "at", false},
		{"shadow_counts", "at, sets", "at", false},
		{"record_counts", "at, kind, state, reason, channel", "at", false},
	}
}

// forget returns the statement that deletes some of the rows that are older than $1.
func (a aged) forget() string {
	return fmt.Sprintf(`DELETE FROM %[1]s WHERE (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE %[3]s < $1 LIMIT %[4]d)`,
		a.table, a.key, a.at, purgedAtOnce)
}

// Purge deletes the answers to Kratos that are older than before, and the challenges that expired before that time. It deletes
// devices and sign-ins one year later. It does not delete records ([Store.PurgeRecords] does), and no wrong codes: wrong codes that
// lock an account count until an administrator clears them.
func (s *Store) Purge(ctx context.Context, before time.Time) error {
	for _, a := range agedTables() {
		before := before
		if a.aYear {
			before = before.AddDate(-1, 0, -1)
		}
		if err := s.purge(ctx, a, before); err != nil {
			return err
		}
	}
	return nil
}

// PurgeRecords deletes the records that are older than before, and the counts of records and of shadow policies from that time.
func (s *Store) PurgeRecords(ctx context.Context, before time.Time) error {
	for _, a := range agedWithRecords() {
		if err := s.purge(ctx, a, before); err != nil {
			return err
		}
	}
	return nil
}

// purge deletes a few rows at a time, so that sign-ins can run in between.
func (s *Store) purge(ctx context.Context, a aged, before time.Time) error {
	for forgotten := int64(purgedAtOnce); forgotten == purgedAtOnce; {
		err := s.update(ctx, "", func(t *tx) (err error) {
			forgotten, err = t.exec(ctx, a.forget(), before.UnixMicro())
			return err
		})
		if err != nil {
			return fmt.Errorf("purge %s: %w", a.table, err)
		}
	}
	return nil
}
