package console

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"nidan/challenge"
	"nidan/policies"
	"nidan/policies/live"
	"nidan/server/session"
)

// Period is the time that an overview is of. It ends with the bar that now is in.
type Period string

// The periods of overviews.
const (
	Day   Period = "day"   // a bar for each of 24 hours
	Week  Period = "week"  // four bars for each of 7 days
	Month Period = "month" // a bar for each of 30 days
)

// Periods are all periods.
var Periods = []Period{Day, Week, Month}

// ReadPeriod reads a period; an empty text is a week.
func ReadPeriod(text string) (Period, error) {
	p := cmp.Or(Period(text), Week)
	if !slices.Contains(Periods, p) {
		return "", fmt.Errorf("%w: there is no such period", ErrInvalid)
	}
	return p, nil
}

// Bar is a part of the period.
type Bar struct {
	From, To time.Time
	Results  map[challenge.Result]int64 // sign-ins whose last answer was then
	Channels map[string]int64           // the same sign-ins
	Shadow   ShadowCount                // what policies on trial would have decided then; nothing where whoever asks may not see it
}

// Reason is why sign-ins ended so.
type Reason struct {
	Result  challenge.Result
	Reason  string
	SignIns int64
}

// Overview is how sign-ins went, and what was changed meanwhile.
type Overview struct {
	Period   Period
	From, To time.Time
	Whole    bool // false: older records are still being counted
	Bars     []Bar
	Results  map[challenge.Result]int64
	Channels map[string]int64
	Reasons  []Reason         // by result, the most frequent first
	States   map[string]int64 // answers to sign-ins, of which a sign-in may have several
	Kinds    map[string]int64 // records of each kind
	Changes  []challenge.Record

	WrongCodes []challenge.WrongCodesOf // that count now; none where whoever asks may not see accounts
	Shadow     *live.ShadowStatus       // nil: there is none, or whoever asks may not see it

	ShadowTotal ShadowCount // of all bars
}

// Total is how many sign-ins there were.
func (o Overview) Total() (n int64) {
	for _, of := range o.Results {
		n += of
	}
	return n
}

// changesShown is how many changes of a kind an overview has at most, and mostWrong how many accounts with wrong codes.
const (
	changesShown = 50
	mostWrong    = 5
)

// changeKinds are the records that are marks on the axis of time: what may be why sign-ins go another way from then on.
var changeKinds = []string{"settings_changed", "policies_activated", "policies_approved", "policies_rejected"}

// Overview is how sign-ins went in the period up to now.
func (c *Console) Overview(ctx context.Context, who session.Visitor, p Period) (o Overview, err error) {
	if err := c.May(ctx, who, policies.ViewOverview, nil); err != nil {
		return o, err
	}
	o = Overview{
		Period: p, Bars: barsOf(p, c.Now().In(c.TimeZone)), Results: map[challenge.Result]int64{}, Channels: map[string]int64{},
		States: map[string]int64{}, Kinds: map[string]int64{},
	}
	o.From, o.To = o.Bars[0].From, o.Bars[len(o.Bars)-1].To
	counts, err := c.Store.Counts(ctx, o.From, o.To)
	if err != nil {
		return o, err
	}
	o.count(counts)
	for _, kind := range changeKinds {
		found, err := c.Store.Records(ctx, challenge.RecordFilter{Kind: kind, From: o.From, Limit: changesShown})
		if err != nil {
			return o, err
		}
		o.Changes = append(o.Changes, found...)
	}
	slices.SortFunc(o.Changes, func(a, b challenge.Record) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	return o, c.beside(ctx, who, &o)
}

// beside adds what not everybody may see who sees the rest, as far as whoever asks may see it.
func (c *Console) beside(ctx context.Context, who session.Visitor, o *Overview) (err error) {
	if c.May(ctx, who, policies.ViewAccounts, nil) == nil {
		if o.WrongCodes, err = c.Store.MostWrongCodes(ctx, mostWrong); err != nil {
			return err
		}
	}
	if c.May(ctx, who, policies.ViewPolicies, nil) == nil {
		s, err := c.Policies.Everywhere(ctx)
		if err != nil {
			return err
		}
		o.Shadow = s.Shadow
		counts, err := c.Shadows.Over(ctx, o.From, o.To)
		if err != nil {
			return err
		}
		o.countShadow(counts)
	}
	return nil
}

// count adds up what was counted.
func (o *Overview) count(counts challenge.Counts) {
	o.Whole = counts.Whole
	reasons := map[Reason]int64{}
	for _, n := range counts.All {
		o.Kinds[n.Kind] += n.Records
		if n.Kind != "sign_in" {
			continue
		}
		o.States[n.State] += n.Records
		i := o.barAt(n.At)
		if i < 0 || n.Last == 0 {
			continue
		}
		result := challenge.ResultOf(n.State)
		o.Bars[i].Results[result] += n.Last
		o.Bars[i].Channels[n.Channel] += n.Last
		o.Results[result] += n.Last
		o.Channels[n.Channel] += n.Last
		reasons[Reason{Result: result, Reason: n.Reason}] += n.Last
	}
	for r, n := range reasons {
		r.SignIns = n
		o.Reasons = append(o.Reasons, r)
	}
	place := func(r Reason) int { return slices.Index(challenge.Results, r.Result) }
	slices.SortFunc(o.Reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(b.SignIns, a.SignIns), cmp.Compare(a.Reason, b.Reason))
	})
}

// barsOf are the bars of a period that ends with now's. They begin and end as days and hours do where now is, and on the days on which
// clocks are set there is one fewer, or one is longer.
func barsOf(p Period, now time.Time) (bars []Bar) {
	y, m, d := now.Date()
	n, hours, last := 30, 24, 0
	switch p {
	case Day:
		n, hours, last = 24, 1, now.Hour()
	case Week:
		n, hours, last = 28, 6, now.Hour()/6*6
	}
	at := func(i int) time.Time { return time.Date(y, m, d, last-(n-1-i)*hours, 0, 0, 0, now.Location()) }
	for i := range n {
		if from, to := at(i), at(i+1); from.Before(to) {
			bars = append(bars, Bar{From: from, To: to, Results: map[challenge.Result]int64{}, Channels: map[string]int64{}})
		}
	}
	return bars
}
