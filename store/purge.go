package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// purgedAtOnce is how many rows are forgotten in one go: while they are, no sign-in can be recorded, and so none is let in.
const purgedAtOnce = 200

// Purge forgets answers to Kratos and closed or expired challenges that are older than before, and devices and sign-ins that
// are older by a year. Records stay: see [Store.PurgeRecords]. So do wrong codes: those that keep an account out do so until an
// administrator says otherwise.
func (s *Store) Purge(ctx context.Context, before time.Time) error {
	// Longer than a device is ever remembered, or a session of Kratos lasts.
	yearAgo := before.AddDate(-1, 0, -1)
	for _, p := range []struct {
		table, column string
		before        time.Time
	}{
		{"deliveries", "at", before},
		{"challenges", "expires_at", before},
		{"devices", "verified_at", yearAgo},
		{"sign_ins", "authenticated_at", yearAgo},
	} {
		if err := s.purge(ctx, p.table, p.column, p.before); err != nil {
			return err
		}
	}
	return nil
}

// PurgeRecords forgets the records that are older than before.
func (s *Store) PurgeRecords(ctx context.Context, before time.Time) error {
	return s.purge(ctx, "records", "at", before)
}

// purge looks for old rows beside the writer, however long that takes, and forgets a few at a time between the sign-ins.
func (s *Store) purge(ctx context.Context, table, column string, before time.Time) error {
	for {
		rows, err := s.old(ctx, table, column, before)
		if err != nil {
			return fmt.Errorf("look for old %s: %w", table, err)
		}
		if len(rows) == 0 {
			return nil
		}
		ids, err := json.Marshal(rows)
		if err != nil {
			return fmt.Errorf("name old %s: %w", table, err)
		}
		err = s.writer.do(ctx, nil, func(t *tx) error {
			// One that was renewed meanwhile is not old any more.
			_, err := t.ExecContext(ctx, `DELETE FROM `+table+` WHERE rowid IN (SELECT value FROM json_each($1)) AND `+column+` < $2`,
				string(ids), before.UnixMicro())
			return err
		})
		if err != nil {
			return fmt.Errorf("purge %s: %w", table, err)
		}
		if len(rows) < purgedAtOnce {
			return nil
		}
	}
}

func (s *Store) old(ctx context.Context, table, column string, before time.Time) (ids []int64, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT rowid FROM `+table+` WHERE `+column+` < $1 LIMIT $2`, before.UnixMicro(), purgedAtOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
