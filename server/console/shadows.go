package console

import (
	"context"
	"slices"
	"time"
)

// Shadows tells, over time, what policies on trial would have decided.
type Shadows interface {
	// Over is what was counted in a time, by whichever sets were compared then.
	Over(ctx context.Context, from, to time.Time) ([]ShadowCount, error)
}

// ShadowCount is how many sign-ins policies on trial were told of in a while, as long as [nidan/records.CountedFor]. Each sign-in that
// they would have decided otherwise is in one of the three numbers.
type ShadowCount struct {
	At        time.Time
	Compared  int64
	Loosened  int64 // would be asked less
	Failed    int64 // could not be decided, and would be refused
	Otherwise int64 // would end otherwise in another way
}

func (n *ShadowCount) add(more ShadowCount) {
	n.Compared += more.Compared
	n.Loosened += more.Loosened
	n.Failed += more.Failed
	n.Otherwise += more.Otherwise
}

// countShadow puts what was counted into the bars.
func (o *Overview) countShadow(counts []ShadowCount) {
	for _, n := range counts {
		if i := o.barAt(n.At); i >= 0 {
			o.Bars[i].Shadow.add(n)
			o.ShadowTotal.add(n)
		}
	}
}

// barAt is the index of the bar that a time is in; -1: it is before all of them.
func (o *Overview) barAt(at time.Time) int {
	i, found := slices.BinarySearchFunc(o.Bars, at, func(b Bar, at time.Time) int { return b.From.Compare(at) })
	if !found {
		i--
	}
	return i
}
