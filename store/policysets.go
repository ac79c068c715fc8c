package store

import (
	"context"
	"fmt"
	"time"
)

// PolicySet is a set of policies that has decided. The store keeps Files as bytes and does not read them; only the caller knows their
// format.
type PolicySet struct {
	Revision string
	Name     string // the name in the manifest of the set's bundle; empty: the manifest has no name
	Source   string
	Files    []byte
	At       time.Time // when the set last began to decide
}

// KeepPolicySet keeps a set that decides from now on. If the store has the set already, its files stay as they are. The approvals of
// all other sets are deleted, because going back to such a set is a new change that needs a new approval. A set that waits for an
// answer is deleted too if it was compared with another set than this one.
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

// PolicySet returns the set with this revision, or [nidan/challenge.ErrNotFound].
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

// PolicySets returns all sets that are kept, without their files. The set that began to decide last comes first.
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
