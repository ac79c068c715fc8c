package store

import (
	"context"
	"fmt"

	"nidan/records"
)

// AddRecord implements [records.Writer].
func (t *tx) AddRecord(ctx context.Context, r records.Record) error {
	err := t.add(ctx, `INSERT INTO records
			(at, kind, account_id, account_name, changed_by, flow_id, challenge_id, state, reason, revision, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		r.At.UnixMicro(), r.Kind, r.Account, r.Name, r.By, r.Flow, r.Challenge, r.State, r.Reason, r.Revision, r.Detail)
	if err != nil {
		return fmt.Errorf("write a record: %w", err)
	}
	return nil
}

// Records implements [records.Reader].
func (s *Store) Records(ctx context.Context, f records.Filter) ([]records.Record, error) {
	found, _, err := s.SearchRecords(ctx, f, 0)
	return found, err
}

const recordColumns = `id, at, kind, account_id, account_name, changed_by, flow_id, challenge_id, state, reason, revision, detail`

func scanRecord(row row) (r records.Record, err error) {
	var at int64
	err = row.Scan(&r.ID, &at, &r.Kind, &r.Account, &r.Name, &r.By, &r.Flow, &r.Challenge, &r.State, &r.Reason, &r.Revision, &r.Detail)
	r.At = fromMicro(at)
	return r, err
}

// CountRecords returns how many records match the filter, without its limit. It ignores the filter's channel, because SQL cannot read
// the channel in the detail exactly.
func (s *Store) CountRecords(ctx context.Context, f records.Filter) (n int, err error) {
	f.Channel = ""
	c := s.conditions(f)
	if err := s.db.row(ctx, `SELECT count(*) FROM records WHERE `+c.String(), c.args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count records: %w", err)
	}
	return n, nil
}
