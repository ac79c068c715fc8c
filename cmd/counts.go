package cmd

import (
	"context"
	"log/slog"
	"time"

	"nidan/store"
)

const (
	countEvery  = 10 * time.Second
	countsAgain = 20 * time.Millisecond // between the parts, while there is much to count: sign-ins come first
	// settledAfter is how old a record has to be, to be counted for good. A unit of work lasts ten seconds at most, and the clocks of
	// processes may differ a little.
	settledAfter = 2 * time.Minute
)

// countRecords counts records for the console's overview, as they come. A failure is no reason to stop answering.
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
