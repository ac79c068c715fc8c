package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nidan/journal"
	"nidan/store"
)

// sealingDetail is the line of /readyz about the sealing of records; empty: no trouble. The process stays ready: it still decides and records
// sign-ins, and an attacker who alters records must not be able to turn people away in this way. The error itself is in the log only.
func sealingDetail(t *journal.Trouble) string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf("records: not sealed since %s\n", t.Since.UTC().Format(time.RFC3339))
}

// notSealed returns a function that says since when this process cannot seal records; the zero time: it can.
func notSealed(s *journal.Sealer) func() time.Time {
	return func() time.Time {
		if t := s.Trouble(); t != nil {
			return t.Since
		}
		return time.Time{}
	}
}

// sealingMetric is the metric of whether this process can seal records.
func sealingMetric(s *journal.Sealer) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "nidan_sealing_trouble",
		Help: "1: this process cannot seal the records. It could not be seen if somebody altered them now; sign-ins go on.",
	}, func() float64 { return one(s.Trouble() != nil) })
}

// sealingOf returns a function that says when the oldest unsealed record of a database was written; the zero time: there is none.
func sealingOf(database string) func(context.Context) (time.Time, error) {
	return func(ctx context.Context) (time.Time, error) {
		st, err := store.OpenExisting(ctx, database)
		if err != nil {
			return time.Time{}, err
		}
		defer st.Close()
		return journal.Waiting(ctx, st)
	}
}
