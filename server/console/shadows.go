package console

import (
	"context"
	"slices"
	"time"
)

// Shadows counts what policies on trial would have decided, by time.
type Shadows interface {
	// Over returns the counts in a span of time, of all sets that were compared then.
	Over(ctx context.Context, from, to time.Time) ([]ShadowCount, error)
}

// ShadowCount is how many sign-ins were compared in one period of [nidan/records.CountedFor]. Each sign-in that the policies on trial would
// have decided differently is in one of the three other numbers.
type ShadowCount struct {
	At        time.Time
	Compared  int64
	Loosened  int64 // less would be asked for
	Failed    int64 // there was no decision, so the sign-in would be refused
	Otherwise int64 // any other difference
}

func (n *ShadowCount) add(more ShadowCount) {
	n.Compared += more.Compared
	n.Loosened += more.Loosened
	n.Failed += more.Failed
	n.Otherwise += more.Otherwise
}

// countShadow adds the counts to the bars.
func (o *Overview) countShadow(counts []ShadowCount) {
	for _, n := range counts {
		if i := o.barAt(n.At); i >= 0 {
			o.Bars[i].Shadow.add(n)
			o.ShadowTotal.add(n)
		}
	}
}

// barAt is the index of the bar that contains a time; -1: the time is before all bars.
func (o *Overview) barAt(at time.Time) int {
	i, found := slices.BinarySearchFunc(o.Bars, at, func(b Bar, at time.Time) int { return b.From.Compare(at) })
	if !found {
		i--
	}
	return i
}
