package cmd

import (
	"context"
	"log/slog"
	"time"

	"nidan/store"
)

const (
	countEvery  = 10 * time.Second
	countsAgain = 20 * time.Millisecond // pause between two batches while many records wait, so that sign-ins get the database first
	// settledAfter is the age of the records that are counted. For a younger time, transactions may still add records: a transaction lasts
	// up to ten seconds, and the clocks of the processes may differ a little.
	settledAfter = 2 * time.Minute
)

// countRecords counts new records for the console's overview until ctx ends. It logs an error and goes on, because sign-ins do not need the
// counts.
func countRecords(ctx context.Context, st *store.Store, log *slog.Logger) error {
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wait.C:
		}
		done, err := st.CountRecordsUntil(ctx, now().Add(-settledAfter))
		if err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "the records could not be counted for the overview", "err", err)
		}
		if done || err != nil {
			wait.Reset(countEvery)
		} else {
			wait.Reset(countsAgain)
		}
	}
}
