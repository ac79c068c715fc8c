package challenge

import (
	"reflect"
	"time"
)

// Call is what a call from Kratos is looked up by.
type Call struct {
	Delivery    string // what tells one call from another
	Account     string
	Flow        string
	DeviceToken []byte // hashed, see [HashDeviceToken]; nil: the client has none
}

// Situation is what a decision on a sign-in rests on, of all that a [Store] holds. Two of one call are [Situation.Equal] only if
// the same follows from both.
type Situation struct {
	Settings        Settings
	Answered        bool       // the call was answered before
	Challenge       Standing   // the latest of the account in the flow
	Device          Remembered // the one of the token
	HasDevices      bool       // the account is remembered on some device
	PasswordChanged time.Time  // zero: never, as far as is known
}

// Equal says whether the same follows from both.
func (s Situation) Equal(other Situation) bool {
	settings := s.Settings.Equal(other.Settings)
	s.Settings, other.Settings = Settings{}, Settings{}
	return settings && reflect.DeepEqual(s, other)
}

// Standing is where a challenge stands. Its zero value is that of none.
type Standing struct {
	ID           string
	Channel      string
	AttemptsLeft int
	Closed       Closing
}

// Open says whether there is a challenge, and whether it still stands.
func (s Standing) Open() bool { return s.ID != "" && s.Closed == "" }

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
