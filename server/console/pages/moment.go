package pages

import (
	"fmt"
	"time"
)

// moment is an instant, for the part of a page that shows it.
type moment struct {
	Machine, Absolute, Relative string
}

// Moment is an instant as people here read it, and how long ago it was.
func (f frame) Moment(t time.Time) moment {
	return moment{t.Format("2006-01-02T15:04:05.000000Z07:00"), f.Time(t), f.ago(t)}
}

// ago is how long ago an instant was; of one that is long ago, or to come, the day.
func (f frame) ago(t time.Time) string {
	const day = 24 * time.Hour
	since := f.now.Sub(t)
	switch {
	case since < -time.Minute || since >= 7*day:
		return t.In(f.zone).Format("2006-01-02")
	case since < time.Minute:
		return f.texts["ago_now"]
	case since < time.Hour:
		return fmt.Sprintf(f.texts["ago_minutes"], int(since/time.Minute))
	case since < day:
		return fmt.Sprintf(f.texts["ago_hours"], int(since/time.Hour))
	case since < 2*day:
		return f.texts["ago_day"]
	}
	return fmt.Sprintf(f.texts["ago_days"], int(since/day))
}
