package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"nidan/challenge"
)

// policiesChanged is what processes on one PostgreSQL tell each other of (NOTIFY).
const policiesChanged = "nidan_policies"

// PoliciesActivated records that a set of policies decides from now on in this process, and tells the others.
func (s *Store) PoliciesActivated(ctx context.Context, r challenge.Record) error {
	return s.update(ctx, "", func(t *tx) error {
		if notify := s.db.dialect().notify; notify != "" {
			if err := t.add(ctx, notify, policiesChanged, r.Revision); err != nil {
				return err
			}
		}
		return t.AddRecord(ctx, r)
	})
}

// lookForPolicies is how often it is looked whether another process has new policies, for those of whom nobody has told.
const lookForPolicies = time.Second

// WatchPolicies calls changed, until ctx ends, when policies have been activated by any process on the database.
func (s *Store) WatchPolicies(ctx context.Context, log *slog.Logger, changed func()) error {
	told := s.db.listen(ctx, policiesChanged)
	tick := time.NewTicker(lookForPolicies)
	defer tick.Stop()
	seen, err := s.newestActivation(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-told:
		case <-tick.C:
		}
		before, failed := seen, err
		if seen, err = s.newestActivation(ctx); err != nil {
			seen = before
			if failed == nil && ctx.Err() == nil {
				log.WarnContext(ctx, "it cannot be seen whether other processes have new policies", "err", err)
			}
			continue
		}
		if seen != before {
			changed()
		}
	}
}

// newestActivation is the id of the record of the newest one; 0: there is none.
func (s *Store) newestActivation(ctx context.Context) (id int64, err error) {
	err = s.db.row(ctx, `SELECT id FROM records WHERE kind = 'policies_activated' ORDER BY id DESC LIMIT 1`).Scan(&id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("look for policies that were activated: %w", err)
	}
	return id, nil
}
