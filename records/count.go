package records

import "time"

// SignInWithin is the longest duration of a sign-in. Records of one flow that are further apart count as two sign-ins. Kratos' flows
// expire much earlier. The bound limits how many records a query reads for an account that signs in often.
const SignInWithin = 2 * time.Hour

// Counted is a number of records of one kind in one period, and the number of sign-ins that ended with such a record.
type Counted struct {
	At      time.Time // start of the period, which lasts [CountedFor]
	Kind    string
	State   string
	Reason  string
	Channel string // of a sign-in; empty: there was no decision
	Records int64
	Last    int64 // of these records, those that are the last one of their sign-in
}

// CountedFor is the length of a period. In every time zone, midnight is the start of a period.
const CountedFor = 15 * time.Minute

// Counts are the counts of a span of time.
type Counts struct {
	All   []Counted
	Whole bool // false: the counting of older records is not finished
}
