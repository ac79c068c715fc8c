package store

import (
	"context"
	"fmt"
	"time"
)

// purgedAtOnce is how many rows are forgotten in one go: while they are, no sign-in can be recorded, and so none is let in.
const purgedAtOnce = 200

// aged is a table whose rows are of no more use after a time. An index begins with the column that says how old they are.
type aged struct{ table, key, at string }

// Purge forgets answers to Kratos and closed or expired challenges that are older than before, and devices and sign-ins that
// are older by a year. Records stay: see [Store.PurgeRecords]. So do wrong codes: those that keep an account out do so until an
// administrator says otherwise.
func (s *Store) Purge(ctx context.Context, before time.Time) error {
	// Longer than a device is ever remembered, or a session of Kratos lasts.
	yearAgo := before.AddDate(-1, 0, -1)
	for _, p := range []struct {
		aged
		before time.Time
	}{
		{aged{"deliveries", "key", "at"}, before},
		{aged{"challenges", "id", "expires_at"}, before},
		{aged{"devices", "account_id, token_hash", "verified_at"}, yearAgo},
		{aged{"sign_ins", "authenticated_at, account_id", "authenticated_at"}, yearAgo},
	} {
		if err := s.purge(ctx, p.aged, p.before); err != nil {
			return err
		}
	}
	return nil
}

// PurgeRecords forgets the records that are older than before.
func (s *Store) PurgeRecords(ctx context.Context, before time.Time) error {
	return s.purge(ctx, aged{"records", "id", "at"}, before)
}

// purge forgets a few rows at a time, between the sign-ins.
func (s *Store) purge(ctx context.Context, a aged, before time.Time) error {
	forget := fmt.Sprintf(`DELETE FROM %[1]s WHERE (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE %[3]s < $1 LIMIT %[4]d)`,
		a.table, a.key, a.at, purgedAtOnce)
	for forgotten := int64(purgedAtOnce); forgotten == purgedAtOnce; {
		err := s.update(ctx, "", func(t *tx) (err error) {
			forgotten, err = t.exec(ctx, forget, before.UnixMicro())
			return err
		})
		if err != nil {
			return fmt.Errorf("purge %s: %w", a.table, err)
		}
	}
	return nil
}
