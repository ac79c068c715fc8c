package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"nidan/journal"
	"nidan/records"
)

var (
	_ journal.Store  = (*Store)(nil)
	_ journal.Source = (*Store)(nil)
	_ journal.Prover = (*Store)(nil)
)

// RecordIDs implements [journal.Store].
func (s *Store) RecordIDs(ctx context.Context) (first, last int64, err error) {
	// Two subqueries, so that SQLite looks into the index once for each. For min and max in one query, SQLite reads the whole table.
	err = s.db.row(ctx, `SELECT coalesce((SELECT min(id) FROM records), 0), coalesce((SELECT max(id) FROM records), 0)`).Scan(&first, &last)
	if err != nil {
		return 0, 0, fmt.Errorf("read which records there are: %w", err)
	}
	return first, last, nil
}

// UnsealedRecords implements [journal.Store].
func (s *Store) UnsealedRecords(ctx context.Context, after, to int64, n int) (found []records.Record, err error) {
	err = each(ctx, s.db, func(row row) error {
		r, err := scanRecord(row)
		found = append(found, r)
		return err
	}, `SELECT `+recordColumns+` FROM records WHERE id > $1 AND id <= $2
		AND NOT EXISTS (SELECT 1 FROM journal_leaves WHERE record_id = records.id) ORDER BY id LIMIT $3`, after, to, n)
	if err != nil {
		return nil, fmt.Errorf("read records that are not sealed: %w", err)
	}
	return found, nil
}

// Leaves implements [journal.Store].
func (s *Store) Leaves(ctx context.Context, from int64, n int) (found []journal.Leaf, err error) {
	err = each(ctx, s.db, func(row row) error {
		l, err := scanLeaf(row)
		found = append(found, l)
		return err
	}, `SELECT `+leafColumns+` FROM journal_leaves WHERE leaf >= $1 ORDER BY leaf LIMIT $2`, from, n)
	if err != nil {
		return nil, fmt.Errorf("read leaves of the journal: %w", err)
	}
	return found, nil
}

const leafColumns = `leaf, record_id, record_at, digest`

func scanLeaf(row row) (l journal.Leaf, err error) {
	var at int64
	err = row.Scan(&l.Index, &l.Record, &at, &l.Digest)
	l.At = fromMicro(at)
	return l, err
}

// errSealed undoes the unit of work that would seal records, because another process has sealed them.
var errSealed = errors.New("it is sealed")

// AddLeaves implements [journal.Store].
func (s *Store) AddLeaves(ctx context.Context, leaves []journal.Leaf) (bool, error) {
	const insert = `INSERT INTO journal_leaves (` + leafColumns + `) VALUES ($1, $2, $3, $4)`
	err := s.update(ctx, "", func(t *tx) error {
		for i, l := range leaves {
			if i > 0 {
				if err := t.add(ctx, insert, l.Index, l.Record, l.At.UnixMicro(), l.Digest); err != nil {
					return err
				}
				continue
			}
			// The process that inserts the first leaf inserts all of them. On PostgreSQL, the other processes wait at this statement
			// until the first process commits or rolls back.
			free, err := t.exactlyOne(ctx, insert+` ON CONFLICT DO NOTHING`, l.Index, l.Record, l.At.UnixMicro(), l.Digest)
			if err != nil {
				return err
			}
			if !free {
				return errSealed
			}
		}
		return nil
	})
	if errors.Is(err, errSealed) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("write leaves of the journal: %w", err)
	}
	return true, nil
}

// SealedRecords implements [journal.Source].
func (s *Store) SealedRecords(ctx context.Context, from int64, n int) (found []journal.Sealed, err error) {
	err = each(ctx, s.db, func(row row) error {
		one, err := scanSealed(row)
		found = append(found, one)
		return err
	}, `SELECT leaf, record_id, record_at, digest, coalesce(id, 0), coalesce(at, 0), coalesce(kind, ''), coalesce(account_id, ''),
			coalesce(account_name, ''), coalesce(changed_by, ''), coalesce(flow_id, ''), coalesce(challenge_id, ''), coalesce(state, ''),
			coalesce(reason, ''), coalesce(revision, ''), detail, id IS NOT NULL
		FROM journal_leaves LEFT JOIN records ON id = record_id WHERE leaf >= $1 ORDER BY leaf LIMIT $2`, from, n)
	if err != nil {
		return nil, fmt.Errorf("read records that are sealed: %w", err)
	}
	return found, nil
}

func scanSealed(row row) (s journal.Sealed, err error) {
	var leafAt, at int64
	var there bool
	var r records.Record
	l := &s.Leaf
	err = row.Scan(&l.Index, &l.Record, &leafAt, &l.Digest, &r.ID, &at, &r.Kind, &r.Account, &r.Name, &r.By, &r.Flow, &r.Challenge,
		&r.State, &r.Reason, &r.Revision, &r.Detail, &there)
	l.At, r.At = fromMicro(leafAt), fromMicro(at)
	if there {
		s.Record = &r
	}
	return s, err
}

// RecordsInOrder returns at most n records that match the filter, ordered by time, and by ID where the times are equal. It returns
// only the records that come after the given time and ID.
func (s *Store) RecordsInOrder(ctx context.Context, f records.Filter, at time.Time, id int64, n int) (found []records.Record, err error) {
	c := s.conditions(f)
	c.add("at >= ?", at.UnixMicro())
	c.all = append(c.all, "(at, id) > ("+c.place(at.UnixMicro())+", "+c.place(id)+")")
	err = each(ctx, s.db, func(row row) error {
		r, err := scanRecord(row)
		found = append(found, r)
		return err
	}, `SELECT `+recordColumns+` FROM records WHERE `+c.String()+` ORDER BY at, id LIMIT `+c.place(n), c.args...)
	if err != nil {
		return nil, fmt.Errorf("read records in their order: %w", err)
	}
	return found, nil
}

// LeavesOf returns the leaves of these records by record ID. Records that are not sealed have no leaf. A call may ask for about a
// thousand records at most, because each ID is a parameter of the query.
func (s *Store) LeavesOf(ctx context.Context, records []records.Record) (map[int64]journal.Leaf, error) {
	found := map[int64]journal.Leaf{}
	if len(records) == 0 {
		return found, nil
	}
	c := &conditions{}
	places := make([]string, len(records))
	for i, r := range records {
		places[i] = c.place(r.ID)
	}
	err := each(ctx, s.db, func(row row) error {
		l, err := scanLeaf(row)
		found[l.Record] = l
		return err
	}, `SELECT `+leafColumns+` FROM journal_leaves WHERE record_id IN (`+strings.Join(places, ", ")+`)`, c.args...)
	if err != nil {
		return nil, fmt.Errorf("read the leaves of records: %w", err)
	}
	return found, nil
}

// NewestCheckpoint implements [journal.Store].
func (s *Store) NewestCheckpoint(ctx context.Context) (*journal.Kept, error) {
	return s.checkpoint(ctx, `ORDER BY size DESC LIMIT 1`)
}

// CheckpointUpTo implements [journal.Prover].
func (s *Store) CheckpointUpTo(ctx context.Context, size int64) (*journal.Kept, error) {
	return s.checkpoint(ctx, `WHERE size <= $1 ORDER BY size DESC LIMIT 1`, size)
}

// CheckpointFrom implements [journal.Prover].
func (s *Store) CheckpointFrom(ctx context.Context, size int64) (*journal.Kept, error) {
	return s.checkpoint(ctx, `WHERE size >= $1 ORDER BY size LIMIT 1`, size)
}

const selectCheckpoint = `SELECT size, signed_at, text, hashes FROM journal_checkpoints `

func (s *Store) checkpoint(ctx context.Context, which string, args ...any) (*journal.Kept, error) {
	k, err := scanCheckpoint(s.db.row(ctx, selectCheckpoint+which, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a checkpoint of the journal: %w", err)
	}
	return &k, nil
}

func scanCheckpoint(row row) (k journal.Kept, err error) {
	var at int64
	err = row.Scan(&k.Size, &at, &k.Text, &k.Hashes)
	k.At = fromMicro(at)
	return k, err
}

// Checkpoints implements [journal.Source].
func (s *Store) Checkpoints(ctx context.Context) (found []journal.Kept, err error) {
	err = each(ctx, s.db, func(row row) error {
		k, err := scanCheckpoint(row)
		found = append(found, k)
		return err
	}, selectCheckpoint+`ORDER BY size`)
	if err != nil {
		return nil, fmt.Errorf("read the checkpoints of the journal: %w", err)
	}
	return found, nil
}

// AddCheckpoint implements [journal.Store].
func (s *Store) AddCheckpoint(ctx context.Context, k journal.Kept) error {
	err := s.update(ctx, "", func(t *tx) error {
		err := t.add(ctx, `INSERT INTO journal_checkpoints (size, signed_at, text, hashes) VALUES ($1, $2, $3, $4) ON CONFLICT (size) DO NOTHING`,
			k.Size, k.At.UnixMicro(), k.Text, notNil(k.Hashes))
		if err != nil {
			return err
		}
		return t.add(ctx, `DELETE FROM journal_checkpoints WHERE signed_at >= $1 AND size < $2`, journal.Hour(k.At).UnixMicro(), k.Size)
	})
	if err != nil {
		return fmt.Errorf("write a checkpoint of the journal: %w", err)
	}
	return nil
}
