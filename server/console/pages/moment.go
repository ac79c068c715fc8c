package pages

import (
	"fmt"
	"time"
)

// moment is the data of the template part that shows a time.
type moment struct {
	Machine, Absolute, Relative string
}

// Moment returns the data to show a time, and how long ago it was.
func (f frame) Moment(t time.Time) moment {
	return moment{t.Format("2006-01-02T15:04:05.000000Z07:00"), f.Time(t), f.ago(t)}
}

// ago says how long ago a time was. For a time more than a week ago, or in the future, it returns the date.
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
