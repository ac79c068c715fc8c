package challenge

import "time"

// Remembered is what a decision needs of a remembered device. The zero value means that there is none.
type Remembered struct {
	Channel    string // the channel on which it was remembered
	VerifiedAt time.Time
}

// Known says whether there is a remembered device.
func (r Remembered) Known() bool { return !r.VerifiedAt.IsZero() }

// AgeDays is how many whole periods of 24 hours have passed since the code was entered.
func (r Remembered) AgeDays(now time.Time) int { return int(now.Sub(r.VerifiedAt) / (24 * time.Hour)) }

// AgeCalendarDays is how many midnights have passed since the code was entered, in now's time zone. The function subtracts dates and not
// hours, because a day on which the clocks change has 23 or 25 hours.
func (r Remembered) AgeCalendarDays(now time.Time) int {
	return int(date(now).Sub(date(r.VerifiedAt.In(now.Location()))) / (24 * time.Hour))
}

// date is midnight UTC of t's date: two of them differ by whole days.
func date(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
