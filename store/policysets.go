package store

import (
	"context"
	"fmt"
	"time"
)

// PolicySet is a set of policies that has decided. Whoever keeps it knows what its files are; the store does not read them.
type PolicySet struct {
	Revision string
	Name     string // what its bundle's manifest calls it; empty: nothing
	Source   string
	Files    []byte
	At       time.Time // when it began to decide, the last time
}

// KeepPolicySet keeps a set that decides from now on. Of one that is there already, the files stay. What was approved of other sets counts
// no more: to take one of them again is another change. Nor does one wait that was compared with another set.
func (s *Store) KeepPolicySet(ctx context.Context, p PolicySet) error {
	return s.update(ctx, "", func(t *tx) error {
		err := t.add(ctx, `INSERT INTO policy_sets (revision, name, source, files, at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (revision) DO UPDATE SET name = excluded.name, source = excluded.source, at = excluded.at`,
			p.Revision, p.Name, p.Source, p.Files, p.At.UnixMicro())
		if err == nil {
			_, err = t.exec(ctx, `DELETE FROM policy_approvals WHERE revision <> $1 AND (answer = 'approved' OR answer = '' AND against <> $1)`,
				p.Revision)
		}
		if err != nil {
			return fmt.Errorf("keep a set of policies: %w", err)
		}
		return nil
	})
}

// PolicySet is the set of a revision, or [nidan/challenge.ErrNotFound].
func (s *Store) PolicySet(ctx context.Context, revision string) (p PolicySet, err error) {
	var at int64
	err = s.db.row(ctx, `SELECT revision, name, source, files, at FROM policy_sets WHERE revision = $1`, revision).
		Scan(&p.Revision, &p.Name, &p.Source, &p.Files, &at)
	if err != nil {
		return p, notRead("read a set of policies", err)
	}
	p.At = fromMicro(at)
	return p, nil
}

// PolicySets are all that are kept, without their files, the one first that began to decide last.
func (s *Store) PolicySets(ctx context.Context) (found []PolicySet, err error) {
	err = each(ctx, s.db, func(r row) error {
		var p PolicySet
		var at int64
		err := r.Scan(&p.Revision, &p.Name, &p.Source, &at)
		p.At = fromMicro(at)
		found = append(found, p)
		return err
	}, `SELECT revision, name, source, at FROM policy_sets ORDER BY at DESC, revision`)
	if err != nil {
		return nil, fmt.Errorf("read the sets of policies: %w", err)
	}
	return found, nil
}
