package store

import (
	"context"
	"fmt"
	"time"

	"nidan/challenge"
	"nidan/records"
)

// countedAtOnce is how many records one query reads to count them. countedOnAsked is the maximum number of records that
// [Store.Counts] counts when it is called: the records that came after the last count.
const (
	countedAtOnce  = 1000
	countedOnAsked = 5 * countedAtOnce
)

// CountRecordsUntil counts the next records, in the order of their IDs, up to the first record that is not older than settled. It
// returns true if it has reached that record, or the last record. Several processes share the work. PostgreSQL gives a record its ID
// before the unit of work ends, so a record with a smaller ID can appear later. For this reason settled must lie so far in the past
// that every unit of work from before settled has ended.
func (s *Store) CountRecordsUntil(ctx context.Context, settled time.Time) (done bool, err error) {
	from, err := countedUntil(ctx, s.db)
	if err != nil {
		return false, err
	}
	counted := &counter{on: s.db, settled: settled, until: from}
	if err := counted.read(ctx, countedAtOnce); err != nil {
		return false, err
	}
	if counted.until == from {
		return true, nil
	}
	err = s.update(ctx, "record counts", func(t *tx) error {
		taken, err := t.exec(ctx, `UPDATE record_counts_until SET record_id = $1 WHERE record_id = $2`, counted.until, from)
		if err != nil || taken == 0 { // another process has counted these records meanwhile
			return err
		}
		for k, n := range counted.all {
			err := t.add(ctx, `INSERT INTO record_counts (at, kind, state, reason, channel, records, last) VALUES ($1, $2, $3, $4, $5, $6, $7)
				ON CONFLICT (at, kind, state, reason, channel) DO UPDATE SET records = record_counts.records + excluded.records,
					last = record_counts.last + excluded.last`, k.at, k.kind, k.state, k.reason, k.channel, n.records, n.last)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("keep how many records there are: %w", err)
	}
	return counted.done, nil
}

func countedUntil(ctx context.Context, on executor) (id int64, err error) {
	if err := on.row(ctx, `SELECT record_id FROM record_counts_until`).Scan(&id); err != nil {
		return 0, fmt.Errorf("read up to where records are counted: %w", err)
	}
	return id, nil
}

// Counts implements [records.Reader]. It adds the records that were not counted yet.
func (s *Store) Counts(ctx context.Context, from, to time.Time) (c records.Counts, err error) {
	for {
		until, err := countedUntil(ctx, s.db)
		if err != nil {
			return c, err
		}
		now := &counter{on: s.db, until: until, settled: time.Unix(1<<40, 0)}
		if err := now.keptCounts(ctx, from, to); err != nil {
			return c, err
		}
		if err := now.read(ctx, countedOnAsked); err != nil {
			return c, err
		}
		after, err := countedUntil(ctx, s.db)
		if err != nil {
			return c, err
		}
		if after == until { // nobody moved records into the kept counts meanwhile, so no record is counted twice
			return records.Counts{All: now.counted(from, to), Whole: now.done}, nil
		}
	}
}

// countedAs has the values by which records are counted together: all records with the same values have one count.
type countedAs struct {
	at                           int64
	kind, state, reason, channel string
}

// howMany counts records: all of them, and those that are the last record of their sign-in.
type howMany struct{ records, last int64 }

// counter counts the records that come after the record with the ID until.
type counter struct {
	on      executor
	settled time.Time
	until   int64 // ID of the last record that was counted
	done    bool
	all     map[countedAs]howMany
	last    map[[2]string]lastRecord // by account ID and flow ID: the last record that this counter has seen
}

type lastRecord struct {
	at time.Time
	as countedAs
}

func (c *counter) add(as countedAs, records, last int64) {
	if c.all == nil {
		c.all, c.last = map[countedAs]howMany{}, map[[2]string]lastRecord{}
	}
	n := c.all[as]
	c.all[as] = howMany{n.records + records, n.last + last}
}

func (c *counter) keptCounts(ctx context.Context, from, to time.Time) error {
	err := each(ctx, c.on, func(r row) error {
		var as countedAs
		var n howMany
		err := r.Scan(&as.at, &as.kind, &as.state, &as.reason, &as.channel, &n.records, &n.last)
		c.add(as, n.records, n.last)
		return err
	}, `SELECT at, kind, state, reason, channel, records, last FROM record_counts WHERE at >= $1 AND at < $2`, from.UnixMicro(), to.UnixMicro())
	if err != nil {
		return fmt.Errorf("read how many records there are: %w", err)
	}
	return nil
}

// read counts the records after c.until, about most records.
func (c *counter) read(ctx context.Context, most int) error {
	for ; most > 0 && !c.done; most -= countedAtOnce {
		var found []records.Record
		err := each(ctx, c.on, func(row row) error {
			var r records.Record
			var at int64
			err := row.Scan(&r.ID, &at, &r.Kind, &r.Account, &r.Flow, &r.State, &r.Reason, &r.Detail)
			r.At = fromMicro(at)
			found = append(found, r)
			return err
		}, `SELECT id, at, kind, account_id, flow_id, state, reason, detail FROM records WHERE id > $1 ORDER BY id LIMIT $2`, c.until, countedAtOnce)
		if err != nil {
			return fmt.Errorf("read records, to count them: %w", err)
		}
		c.done = len(found) < countedAtOnce
		for _, r := range found {
			if !r.At.Before(c.settled) {
				c.done = true
				return nil
			}
			if err := c.count(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// count counts a record as the last one of its sign-in. The earlier record of the same sign-in is then not the last one any more.
func (c *counter) count(ctx context.Context, r records.Record) error {
	as := asCounted(r)
	c.until = r.ID
	if r.Kind != "sign_in" {
		c.add(as, 1, 0)
		return nil
	}
	c.add(as, 1, 1)
	if r.Flow == "" {
		return nil
	}
	before, err := c.before(ctx, r)
	if err != nil {
		return err
	}
	if before != nil {
		c.add(*before, 0, -1)
	}
	c.last[[2]string{r.Account, r.Flow}] = lastRecord{r.At, as}
	return nil
}

// before finds the record that comes before r in the same sign-in, and returns the values under which it was counted. It returns nil
// if there is no such record.
func (c *counter) before(ctx context.Context, r records.Record) (*countedAs, error) {
	within := records.SignInWithin
	if last, seen := c.last[[2]string{r.Account, r.Flow}]; seen {
		if r.At.Sub(last.at).Abs() <= within {
			return &last.as, nil
		}
		return nil, nil
	}
	var found *countedAs
	err := each(ctx, c.on, func(row row) error {
		b := records.Record{Kind: r.Kind}
		var at int64
		err := row.Scan(&at, &b.State, &b.Reason, &b.Detail)
		b.At = fromMicro(at)
		as := asCounted(b)
		found = &as
		return err
	}, `SELECT at, state, reason, detail FROM records WHERE account_id = $1 AND at BETWEEN $2 AND $3 AND flow_id = $4
		AND kind || '' = 'sign_in' AND id + 0 < $5 ORDER BY id + 0 DESC LIMIT 1`, // lastOfSignIn says why the conditions are written this way
		r.Account, r.At.Add(-within).UnixMicro(), r.At.Add(within).UnixMicro(), r.Flow, r.ID)
	if err != nil {
		return nil, fmt.Errorf("read the record before, to count it no more: %w", err)
	}
	return found, nil
}

func asCounted(r records.Record) countedAs {
	return countedAs{r.At.Truncate(records.CountedFor).UnixMicro(), r.Kind, r.State, r.Reason, r.About().Channel}
}

// counted returns the counts between from and to.
func (c *counter) counted(from, to time.Time) (all []records.Counted) {
	for as, n := range c.all {
		if as.at < from.UnixMicro() || as.at >= to.UnixMicro() || n.records <= 0 && n.last <= 0 {
			continue
		}
		all = append(all, records.Counted{
			At: fromMicro(as.at), Kind: as.kind, State: as.state, Reason: as.reason, Channel: as.channel, Records: n.records, Last: max(0, n.last),
		})
	}
	return all
}

// MostWrongCodes returns the accounts that have the most wrong codes.
func (s *Store) MostWrongCodes(ctx context.Context, limit int) (found []challenge.WrongCodesOf, err error) {
	err = each(ctx, s.db, func(r row) error {
		var w challenge.WrongCodesOf
		err := r.Scan(&w.Account, &w.Count, &w.Name)
		found = append(found, w)
		return err
	}, `SELECT w.account_id, w.n, coalesce((SELECT r.account_name FROM records r WHERE r.account_id = w.account_id ORDER BY r.at DESC LIMIT 1), '')
		FROM (SELECT account_id, count(*) AS n FROM wrong_codes GROUP BY account_id ORDER BY count(*) DESC, account_id LIMIT $1) w
		ORDER BY w.n DESC, w.account_id`, limit)
	if err != nil {
		return nil, fmt.Errorf("read who has the most wrong codes: %w", err)
	}
	return found, nil
}
