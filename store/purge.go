package store

import (
	"context"
	"fmt"
	"time"
)

// purgedAtOnce is how many rows are forgotten in one go: while they are, no sign-in can be recorded, and so none is let in.
const purgedAtOnce = 200

// aged is a table whose rows are of no more use after a time. An index begins with the column that says how old they are.
type aged struct {
	table, key, at string
	aYear          bool // they are kept for a year longer: that is longer than a device is ever remembered, or a session of Kratos lasts
}

// agedTables are those whose rows are forgotten when they can matter no more.
func agedTables() []aged {
	return []aged{
		{"deliveries", "key", "at", false},
		{"challenges", "id", "expires_at", false},
		{"devices", "account_id, token_hash", "verified_at", true},
		{"sign_ins", "authenticated_at, account_id", "authenticated_at", true},
	}
}

// agedWithRecords are those whose rows are kept for as long as records.
func agedWithRecords() []aged {
	return []aged{
		{"records", "id", "at", false},
		{"shadow_tallies", "sets, change", "at", false},
		{"shadow_counts", "at, sets", "at", false},
		{"record_counts", "at, kind, state, reason, channel", "at", false},
	}
}

// forget is the statement that forgets some of the rows from before $1.
func (a aged) forget() string {
	return fmt.Sprintf(`DELETE FROM %[1]s WHERE (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE %[3]s < $1 LIMIT %[4]d)`,
		a.table, a.key, a.at, purgedAtOnce)
}

// Purge forgets answers to Kratos and closed or expired challenges that are older than before, and devices and sign-ins that
// are older by a year. Records stay: see [Store.PurgeRecords]. So do wrong codes: those that keep an account out do so until an
// administrator says otherwise.
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

// PurgeRecords forgets the records that are older than before, and what was counted of a shadow until then.
func (s *Store) PurgeRecords(ctx context.Context, before time.Time) error {
	for _, a := range agedWithRecords() {
		if err := s.purge(ctx, a, before); err != nil {
			return err
		}
	}
	return nil
}

// purge forgets a few rows at a time, between the sign-ins.
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
