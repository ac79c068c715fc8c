package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"nidan/records"
)

// policiesChanged is what processes on one PostgreSQL tell each other of (NOTIFY).
const policiesChanged = "nidan_policies"

// PoliciesActivated records that a set of policies decides from now on in this process, and tells the others.
func (s *Store) PoliciesActivated(ctx context.Context, r records.Record) error {
	return s.update(ctx, "", func(t *tx) error {
		return errors.Join(s.notifyPolicies(ctx, t, r.Revision), t.AddRecord(ctx, r))
	})
}

func (s *Store) notifyPolicies(ctx context.Context, t *tx, revision string) error {
	if notify := s.db.dialect().notify; notify != "" {
		return t.add(ctx, notify, policiesChanged, revision)
	}
	return nil
}

// lookForPolicies is how often it is looked whether another process has new policies, for those of whom nobody has told.
const lookForPolicies = time.Second

// WatchPolicies calls changed, until ctx ends, when policies have been activated by any process on the database, or approved or rejected.
func (s *Store) WatchPolicies(ctx context.Context, log *slog.Logger, changed func()) error {
	told := s.db.listen(ctx, policiesChanged)
	tick := time.NewTicker(lookForPolicies)
	defer tick.Stop()
	seen, err := s.newestChange(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-told:
		case <-tick.C:
		}
		before, failed := seen, err
		if seen, err = s.newestChange(ctx); err != nil {
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

// newestChange is the id of the newest record of such a change; 0: there is none.
func (s *Store) newestChange(ctx context.Context) (id int64, err error) {
	// One look into the index for each kind: it is done every second.
	const newest = `SELECT max(id) AS id FROM records WHERE kind = `
	err = s.db.row(ctx, `SELECT COALESCE(max(id), 0) FROM (`+newest+`'policies_activated' UNION ALL `+newest+`'policies_approved'
		UNION ALL `+newest+`'policies_rejected') AS changes`).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("look for policies that were activated: %w", err)
	}
	return id, nil
}
