package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nidan/journal"
	"nidan/store"
)

// sealingDetail is the line of the records' sealing for those who watch over the program; empty: nothing is wrong. The trouble makes
// nobody less ready: sign-ins are still decided and recorded, and to turn people away would help whoever wants to meddle with the
// records. What is wrong goes to the log.
func sealingDetail(t *journal.Trouble) string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf("records: not sealed since %s\n", t.Since.UTC().Format(time.RFC3339))
}

// notSealed says since when this process cannot seal records; the zero time: it can.
func notSealed(s *journal.Sealer) func() time.Time {
	return func() time.Time {
		if t := s.Trouble(); t != nil {
			return t.Since
		}
		return time.Time{}
	}
}

// sealingMetric tells whether this process can seal records, read when it is asked for.
func sealingMetric(s *journal.Sealer) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "nidan_sealing_trouble",
		Help: "1: this process cannot seal the records. It could not be seen if somebody altered them now; sign-ins go on.",
	}, func() float64 { return one(s.Trouble() != nil) })
}

// sealingOf is the time of the oldest record of a database that waits to be sealed; the zero time: none does.
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
