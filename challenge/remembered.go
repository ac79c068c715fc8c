package challenge

import "time"

// Remembered is what counts of a device on which the account was remembered. Its zero value is that of none.
type Remembered struct {
	Channel    string // the one it was remembered on
	VerifiedAt time.Time
}

// Known says whether there is such a device.
func (r Remembered) Known() bool { return !r.VerifiedAt.IsZero() }

// AgeDays is how many whole periods of 24 hours have passed since the code was entered.
func (r Remembered) AgeDays(now time.Time) int { return int(now.Sub(r.VerifiedAt) / (24 * time.Hour)) }

// AgeCalendarDays is how many midnights have passed since the code was entered, in now's time zone. Dates are compared, not
// hours: a day on which the clocks change has 23 or 25 of them.
func (r Remembered) AgeCalendarDays(now time.Time) int {
	return int(date(now).Sub(date(r.VerifiedAt.In(now.Location()))) / (24 * time.Hour))
}

// date is the day of t as an instant that can be subtracted from another day's.
func date(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
