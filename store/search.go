package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"nidan/challenge"
	"nidan/records"
)

// SearchRecords implements [records.Reader].
func (s *Store) SearchRecords(ctx context.Context, f records.Filter, within int) (found []records.Record, next int64, err error) {
	end, err := s.endOfSearch(ctx, f, within)
	if err != nil {
		return nil, 0, err
	}
	for {
		more, err := s.search(ctx, f, end)
		if err != nil {
			return nil, 0, err
		}
		for _, r := range more {
			if f.Channel == "" || r.About().Channel == f.Channel { // the database has only checked that the channel's name stands somewhere in the detail
				found = append(found, r)
			}
		}
		if f.Limit == 0 || len(more) < f.Limit {
			break // there are no more records
		}
		if len(found) >= f.Limit {
			found = found[:f.Limit]
			return found, found[f.Limit-1].ID, nil
		}
		f.Before = more[len(more)-1].ID
	}
	return found, end, nil
}

// search returns the records that match the filter, down to the record with the ID end. If end is 0, it searches all records.
func (s *Store) search(ctx context.Context, f records.Filter, end int64) (found []records.Record, err error) {
	c := s.conditions(f)
	if end != 0 && byTime(f) {
		c.add("(at, id) >= ((SELECT at FROM records WHERE id = ?), ?)", end)
	} else if end != 0 {
		c.add("id >= ?", end)
	}
	query := `SELECT ` + recordColumns + ` FROM records WHERE ` + c.String() + order(f)
	if f.Limit > 0 {
		query += " LIMIT " + c.place(f.Limit)
	}
	err = each(ctx, s.db, func(row row) error {
		r, err := scanRecord(row)
		found = append(found, r)
		return err
	}, query, c.args...)
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	return found, nil
}

// endOfSearch returns the ID of the record at which a search ends that reads at most within records. It returns 0 if there are fewer
// records, or if an index finds the records that match, so that the search needs no limit.
func (s *Store) endOfSearch(ctx context.Context, f records.Filter, within int) (end int64, err error) {
	indexed := len(f.States) == 0 && f.Reason == "" && f.Channel == "" || f.Account != ""
	if within == 0 || indexed {
		return 0, nil
	}
	c := s.conditions(records.Filter{From: f.From, To: f.To, Before: f.Before})
	err = s.db.row(ctx, `SELECT id FROM records WHERE `+c.String()+order(f)+` LIMIT 1 OFFSET `+c.place(within-1), c.args...).Scan(&end)
	if err != nil {
		err = notRead("look for the end of a search", err)
	}
	if errors.Is(err, challenge.ErrNotFound) { // there are fewer records than within
		return 0, nil
	}
	return end, err
}

// byTime says whether the filter has a period, and the index on times is the best one to find and order the records. An account, and
// a kind that is rare, have an index that is better.
func byTime(f records.Filter) bool {
	return (!f.From.IsZero() || !f.To.IsZero()) && f.Account == "" && (f.Kind == "" || f.Kind == "sign_in")
}

func order(f records.Filter) string {
	if byTime(f) {
		return " ORDER BY at DESC, id DESC"
	}
	return " ORDER BY id DESC"
}

// conditions are the SQL conditions of a filter. They have no condition for a part of the filter that is not set, so that the
// database can use its indexes.
type conditions struct {
	all  []string
	args []any
}

// add adds a condition. Each ? in the condition stands for the argument.
func (c *conditions) add(condition string, arg any) {
	c.all = append(c.all, strings.ReplaceAll(condition, "?", c.place(arg)))
}

// place adds an argument, and returns its placeholder.
func (c *conditions) place(arg any) string {
	c.args = append(c.args, arg)
	return fmt.Sprintf("$%d", len(c.args))
}

// String joins the conditions with AND.
func (c *conditions) String() string {
	if len(c.all) == 0 {
		return "TRUE"
	}
	return strings.Join(c.all, " AND ")
}

func (s *Store) conditions(f records.Filter) *conditions {
	c := &conditions{}
	for _, narrowed := range [][2]string{
		{"(account_id = ? OR account_name = ?)", f.Account}, {ofKind(f.Kind), f.Kind}, {"reason = ?", f.Reason}, {"flow_id = ?", f.Flow},
	} {
		if narrowed[1] != "" {
			c.add(narrowed[0], narrowed[1])
		}
	}
	if !f.From.IsZero() {
		c.add("at >= ?", f.From.UnixMicro())
	}
	if !f.To.IsZero() {
		c.add("at < ?", f.To.UnixMicro())
	}
	switch {
	case f.Before != 0 && byTime(f):
		c.add("(at, id) < ((SELECT at FROM records WHERE id = ?), ?)", f.Before)
	case f.Before != 0:
		c.add("id < ?", f.Before)
	}
	if len(f.States) > 0 {
		var places []string
		for _, state := range f.States {
			places = append(places, c.place(state))
		}
		c.all = append(c.all, "state IN ("+strings.Join(places, ", ")+")")
	}
	if f.Channel != "" {
		name, _ := json.Marshal(f.Channel)              // encoding a string cannot fail
		c.all = append(c.all, "kind || '' = 'sign_in'") // ofKind says why
		c.add(s.db.dialect().holds, name)
	}
	switch {
	case f.Rows && f.Kind == "":
		c.all = append(c.all, "("+lastOfSignIn+" OR kind <> 'sign_in' AND kind NOT LIKE 'mail%')")
	case f.Rows && f.Kind == "sign_in":
		c.all = append(c.all, lastOfSignIn)
	}
	return c
}

// ofKind returns the condition that a record has this kind. Most records are of the kind sign_in. For this kind, the condition is
// written so that the database does not use the index on kinds, because it would read nearly all records through the index.
func ofKind(kind string) string {
	if kind == "sign_in" {
		return "kind || '' = ?"
	}
	return "kind = ?"
}

// lastOfSignIn is the condition that a record is the last one of its sign-in. The database should look only at the few records of the
// same account at about the same time. The kind and the ID are written as expressions so that the database cannot use the indexes on
// them, because it would read nearly all records through them.
var lastOfSignIn = fmt.Sprintf(`(kind || '' = 'sign_in' AND (flow_id = '' OR NOT EXISTS (SELECT 1 FROM records later
	WHERE later.account_id = records.account_id AND later.at BETWEEN records.at - %[1]d AND records.at + %[1]d
		AND later.flow_id = records.flow_id AND later.kind || '' = 'sign_in' AND later.id + 0 > records.id)))`, records.SignInWithin.Microseconds())
