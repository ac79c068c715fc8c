package store

import (
	"context"
	"fmt"
	"strings"

	"nidan/challenge"
)

// AddRecord implements [challenge.Records].
func (t *tx) AddRecord(ctx context.Context, r challenge.Record) error {
	err := t.add(ctx, `INSERT INTO records
			(at, kind, account_id, account_name, changed_by, flow_id, challenge_id, state, reason, revision, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		r.At.UnixMicro(), r.Kind, r.Account, r.Name, r.By, r.Flow, r.Challenge, r.State, r.Reason, r.Revision, r.Detail)
	if err != nil {
		return fmt.Errorf("write a record: %w", err)
	}
	return nil
}

// Records implements [challenge.Overview].
func (s *Store) Records(ctx context.Context, f challenge.RecordFilter) (found []challenge.Record, err error) {
	where, args := conditions(f)
	query := `SELECT ` + recordColumns + ` FROM records WHERE ` + where + ` ORDER BY id DESC`
	if f.Limit > 0 {
		args = append(args, f.Limit)
		query += fmt.Sprintf(" LIMIT $%d", len(args))
	}
	err = each(ctx, s.db, func(row row) error {
		r, err := scanRecord(row)
		found = append(found, r)
		return err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	return found, nil
}

const recordColumns = `id, at, kind, account_id, account_name, changed_by, flow_id, challenge_id, state, reason, revision, detail`

func scanRecord(row row) (r challenge.Record, err error) {
	var at int64
	err = row.Scan(&r.ID, &at, &r.Kind, &r.Account, &r.Name, &r.By, &r.Flow, &r.Challenge, &r.State, &r.Reason, &r.Revision, &r.Detail)
	r.At = fromMicro(at)
	return r, err
}

// CountRecords is how many records the filter asks for, whatever its limit.
func (s *Store) CountRecords(ctx context.Context, f challenge.RecordFilter) (n int, err error) {
	where, args := conditions(f)
	if err := s.db.row(ctx, `SELECT count(*) FROM records WHERE `+where, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count records: %w", err)
	}
	return n, nil
}

// conditions has no more than what narrows the records down, so that the database can use its indexes.
func conditions(f challenge.RecordFilter) (string, []any) {
	where, args := []string{"TRUE"}, []any{}
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(condition, "?", fmt.Sprintf("$%d", len(args))))
	}
	if f.Account != "" {
		add("(account_id = ? OR account_name = ?)", f.Account)
	}
	if f.Kind != "" {
		add("kind = ?", f.Kind)
	}
	if !f.From.IsZero() {
		add("at >= ?", f.From.UnixMicro())
	}
	if !f.To.IsZero() {
		add("at < ?", f.To.UnixMicro())
	}
	if f.Before != 0 {
		add("id < ?", f.Before)
	}
	return strings.Join(where, " AND "), args
}
