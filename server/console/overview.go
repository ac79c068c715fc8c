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
	"nidan/records"
	"nidan/server/session"
)

// Period is the period of an overview. It ends with the bar that contains the current time.
type Period string

// The periods of overviews.
const (
	Day   Period = "day"   // 24 bars of one hour
	Week  Period = "week"  // 28 bars of six hours
	Month Period = "month" // 30 bars of one day
)

// Periods are all periods.
var Periods = []Period{Day, Week, Month}

// ReadPeriod reads a period. An empty text means a week.
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
	Results  map[records.Result]int64 // sign-ins whose last answer was in this time
	Channels map[string]int64         // the same sign-ins
	Shadow   ShadowCount              // what shadow policies would have decided in this time; zero if the visitor may not see them
}

// Reason counts the sign-ins that ended with one result for one reason.
type Reason struct {
	Result  records.Result
	Reason  string
	SignIns int64
}

// Overview has the results of sign-ins in a period, and the changes of settings and policies in this time.
type Overview struct {
	Period   Period
	From, To time.Time
	Whole    bool // false: older records are still being counted
	Bars     []Bar
	Results  map[records.Result]int64
	Channels map[string]int64
	Reasons  []Reason         // by result, the most frequent first
	States   map[string]int64 // answers to sign-ins by state; a sign-in may have several answers
	Kinds    map[string]int64 // records of each kind
	Changes  []records.Record

	WrongCodes []challenge.WrongCodesOf // accounts whose wrong codes count now; empty if the visitor may not see accounts
	Shadow     *live.ShadowStatus       // nil: no shadow policies, or the visitor may not see them

	ShadowTotal ShadowCount // of all bars
}

// Total returns how many sign-ins there were.
func (o Overview) Total() (n int64) {
	for _, of := range o.Results {
		n += of
	}
	return n
}

// changesShown is the maximum number of changes of each kind in an overview, and mostWrong the maximum number of accounts with wrong codes.
const (
	changesShown = 50
	mostWrong    = 5
)

// changeKinds are the kinds of records that the plots mark on the time axis: changes after which sign-ins may end differently.
var changeKinds = []string{"settings_changed", "policies_activated", "policies_approved", "policies_rejected"}

// Overview returns the overview of the period that ends now.
func (c *Console) Overview(ctx context.Context, who session.Visitor, p Period) (o Overview, err error) {
	if err := c.May(ctx, who, policies.ViewOverview, nil); err != nil {
		return o, err
	}
	o = Overview{
		Period: p, Bars: barsOf(p, c.Now().In(c.TimeZone)), Results: map[records.Result]int64{}, Channels: map[string]int64{},
		States: map[string]int64{}, Kinds: map[string]int64{},
	}
	o.From, o.To = o.Bars[0].From, o.Bars[len(o.Bars)-1].To
	counts, err := c.Store.Counts(ctx, o.From, o.To)
	if err != nil {
		return o, err
	}
	o.count(counts)
	for _, kind := range changeKinds {
		found, err := c.Store.Records(ctx, records.Filter{Kind: kind, From: o.From, Limit: changesShown})
		if err != nil {
			return o, err
		}
		o.Changes = append(o.Changes, found...)
	}
	slices.SortFunc(o.Changes, func(a, b records.Record) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	return o, c.beside(ctx, who, &o)
}

// beside adds the wrong codes and the shadow policies, if the visitor may see them.
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

func (o *Overview) count(counts records.Counts) {
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
		result := records.ResultOf(n.State)
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
	place := func(r Reason) int { return slices.Index(records.Results, r.Result) }
	slices.SortFunc(o.Reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(b.SignIns, a.SignIns), cmp.Compare(a.Reason, b.Reason))
	})
}

// barsOf returns the bars of a period. The last bar contains now. Bars begin at full hours or days in the time zone of now. On days
// when clocks are changed, there is one bar less, or one bar is longer.
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
			bars = append(bars, Bar{From: from, To: to, Results: map[records.Result]int64{}, Channels: map[string]int64{}})
		}
	}
	return bars
}
