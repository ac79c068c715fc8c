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
			if f.Channel == "" || r.About().Channel == f.Channel { // the database has looked for its name anywhere in the detail
				found = append(found, r)
			}
		}
		if f.Limit == 0 || len(more) < f.Limit {
			break // the search is over
		}
		if len(found) >= f.Limit {
			found = found[:f.Limit]
			return found, found[f.Limit-1].ID, nil
		}
		f.Before = more[len(more)-1].ID
	}
	return found, end, nil
}

// search finds what the filter asks for, down to the record where a search is to end.
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

// endOfSearch is the record where a search is to end that looks at so many, 0 where there are not so many, or where an index leads to
// what is looked for.
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
	if errors.Is(err, challenge.ErrNotFound) { // there are not so many
		return 0, nil
	}
	return end, err
}

// byTime says whether records are looked for from one instant to another. They are then found and ordered by the index of their times. An
// account, and what happens seldom, has an index of its own that is better.
func byTime(f records.Filter) bool {
	return (!f.From.IsZero() || !f.To.IsZero()) && f.Account == "" && (f.Kind == "" || f.Kind == "sign_in")
}

func order(f records.Filter) string {
	if byTime(f) {
		return " ORDER BY at DESC, id DESC"
	}
	return " ORDER BY id DESC"
}

// conditions are what narrows records down, and no more, so that the database can use its indexes.
type conditions struct {
	all  []string
	args []any
}

// add adds a condition; each ? in it is the argument.
func (c *conditions) add(condition string, arg any) {
	c.all = append(c.all, strings.ReplaceAll(condition, "?", c.place(arg)))
}

// place is where an argument goes.
func (c *conditions) place(arg any) string {
	c.args = append(c.args, arg)
	return fmt.Sprintf("$%d", len(c.args))
}

// String is the condition that all hold.
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
		name, _ := json.Marshal(f.Channel)              // a text can be encoded
		c.all = append(c.all, "kind || '' = 'sign_in'") // see ofKind
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

// ofKind is the condition that a record is of a kind. Most records are of sign-ins: the condition is written so that the index of kinds is
// not taken for them, which would go through nearly all.
func ofKind(kind string) string {
	if kind == "sign_in" {
		return "kind || '' = ?"
	}
	return "kind = ?"
}

// lastOfSignIn is a condition on a record: no other one of its sign-in comes after it. That is to be found among the few records of its
// account at about that time: the kind and the number are written so that no index on them can be taken, which would go through all.
var lastOfSignIn = fmt.Sprintf(`(kind || '' = 'sign_in' AND (flow_id = '' OR NOT EXISTS (SELECT 1 FROM records later
	WHERE later.account_id = records.account_id AND later.at BETWEEN records.at - %[1]d AND records.at + %[1]d
		AND later.flow_id = records.flow_id AND later.kind || '' = 'sign_in' AND later.id + 0 > records.id)))`, records.SignInWithin.Microseconds())
