package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"nidan/records"
)

// policiesChanged is the channel on which processes on one PostgreSQL notify each other of new policies (NOTIFY).
const policiesChanged = "nidan_policies"

// PoliciesActivated records that a set of policies decides from now on in this process, and notifies the other processes.
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

// lookForPolicies is the interval at which a process checks whether another process has new policies, in case no notification came.
const lookForPolicies = time.Second

// WatchPolicies calls changed when any process on the database has activated, approved or rejected policies. It returns when ctx
// ends.
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

// newestChange returns the ID of the newest record of such a change, or 0 if there is none.
func (s *Store) newestChange(ctx context.Context) (id int64, err error) {
	// A query for each kind, so that each one looks into the index once: this runs every second.
	const newest = `SELECT max(id) AS id FROM records WHERE kind = `
	err = s.db.row(ctx, `SELECT COALESCE(max(id), 0) FROM (`+newest+`'policies_activated' UNION ALL `+newest+`'policies_approved'
		UNION ALL `+newest+`'policies_rejected') AS changes`).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("look for policies that were activated: %w", err)
	}
	return id, nil
}
