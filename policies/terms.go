package policies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Limits bounds what an account may use up, across its sign-ins.
type Limits struct {
	Codes              int `json:"codes" jsonschema:"required,minimum=1,maximum=20"`                    // codes that may be sent to it, 1 to 20, …
	CodesWithinSeconds int `json:"codes_within_seconds" jsonschema:"required,minimum=60,maximum=86400"` // … within this many seconds, 60 to 86400
	WrongCodes         int `json:"wrong_codes" jsonschema:"required,minimum=1,maximum=100"`             // wrong codes until its sign-ins are refused, 1 to 100

	// The following limits have their usual value if a policy does not name them.

	CodesPerDay         int `json:"codes_per_day" jsonschema:"minimum=1,maximum=100"`          // codes that may be sent to it within 24 hours, 1 to 100
	WaitDoublesAfter    int `json:"wait_doubles_after" jsonschema:"minimum=1,maximum=100"`     // number of codes a day, 1 to 100, after which the wait doubles with each further code
	ReservedCodesPerDay int `json:"reserved_codes_per_day" jsonschema:"minimum=0,maximum=100"` // additional codes on devices that remember it, 0 to 100
	WrongCodeDays       int `json:"wrong_code_days" jsonschema:"minimum=1,maximum=365"`        // for how many days a wrong code counts, 1 to 365
	TellWrongCodes      int `json:"tell_wrong_codes" jsonschema:"minimum=1,maximum=100"`       // the number of wrong codes from which a mail warns, 1 to 100
}

// UsualLimits returns the limits that hold if a policy names none.
func UsualLimits() Limits {
	return Limits{
		Codes: 5, CodesWithinSeconds: 600, WrongCodes: 100,
		CodesPerDay: 20, WaitDoublesAfter: 10, ReservedCodesPerDay: 10, WrongCodeDays: 30, TellWrongCodes: 3,
	}
}

// UnmarshalJSON gives limits that a policy does not name their usual value. The three limits of the first version are required.
func (l *Limits) UnmarshalJSON(raw []byte) error {
	type limits Limits
	named := limits(UsualLimits())
	named.Codes, named.CodesWithinSeconds, named.WrongCodes = 0, 0, 0
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&named); err != nil {
		return err
	}
	*l = Limits(named)
	return nil
}

// Code holds the terms of a code.
type Code struct {
	Length             int `json:"length" jsonschema:"required,minimum=6,maximum=10"`                // digits
	TTLSeconds         int `json:"ttl_seconds" jsonschema:"required,minimum=1,maximum=600"`          // validity, in seconds
	MaxAttempts        int `json:"max_attempts" jsonschema:"required,minimum=1,maximum=10"`          // tries
	ResendAfterSeconds int `json:"resend_after_seconds" jsonschema:"required,minimum=1,maximum=600"` // seconds until another code may be sent
}

// validate checks the limits that no policy can loosen: six digits at least and ten minutes at most (NIST SP 800-63B-4 §3.1.3.2),
// ten tries at most (the manual).
func (c Code) validate() error {
	return inRange(
		number{"code.length", c.Length, 6, 10},
		number{"code.ttl_seconds", c.TTLSeconds, 1, 600},
		number{"code.max_attempts", c.MaxAttempts, 1, 10},
		number{"code.resend_after_seconds", c.ResendAfterSeconds, 1, 600},
	)
}

// validate checks the limit that no policy can loosen: a hundred wrong codes at most (NIST SP 800-63B-4 §3.2.2).
func (l Limits) validate() error {
	return inRange(
		number{"limits.codes", l.Codes, 1, 20},
		number{"limits.codes_within_seconds", l.CodesWithinSeconds, 60, 86400},
		number{"limits.wrong_codes", l.WrongCodes, 1, 100},
		number{"limits.codes_per_day", l.CodesPerDay, 1, 100},
		number{"limits.wait_doubles_after", l.WaitDoublesAfter, 1, 100},
		number{"limits.reserved_codes_per_day", l.ReservedCodesPerDay, 0, 100},
		number{"limits.wrong_code_days", l.WrongCodeDays, 1, 365},
		number{"limits.tell_wrong_codes", l.TellWrongCodes, 1, 100},
	)
}

type number struct {
	name     string
	v        int
	min, max int
}

func inRange(numbers ...number) error {
	var errs []error
	for _, n := range numbers {
		if n.v < n.min || n.v > n.max {
			errs = append(errs, fmt.Errorf("%s must be %d to %d", n.name, n.min, n.max))
		}
	}
	return errors.Join(errs...)
}
