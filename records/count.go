package records

import "time"

// SignInWithin is how long a sign-in takes at most: records of one flow that are further apart count as two. Kratos ends a flow long
// before. The bound keeps what has to be looked at small for an account that signs in all the time.
const SignInWithin = 2 * time.Hour

// Counted is how many records of a kind there are in a while, and how many sign-ins stand so.
type Counted struct {
	At      time.Time // the while begins; it lasts for [CountedFor]
	Kind    string
	State   string
	Reason  string
	Channel string // of a sign-in; empty: nothing was decided
	Records int64
	Last    int64 // of them, the last of their sign-ins
}

// CountedFor is for how long records are counted together. The days of every time zone begin with such a while.
const CountedFor = 15 * time.Minute

// Counts are what is counted of a time, and whether everything is in it.
type Counts struct {
	All   []Counted
	Whole bool // false: older records are still being counted
}
