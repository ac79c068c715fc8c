package policies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Action is what is to happen with a sign-in.
type Action string

// The three actions.
const (
	ActionAllow     Action = "allow"     // the password is enough
	ActionChallenge Action = "challenge" // a code is needed too
	ActionRefuse    Action = "refuse"    // nobody is let in
)

// Decision is what the policies say of one sign-in.
type Decision struct {
	Action       Action   `json:"action"`
	Reason       string   `json:"reason"`        // a stable symbol, never empty
	Channel      string   `json:"channel"`       // what is being signed in to, never empty
	Code         Code     `json:"code"`          // the terms of a code; read where Action is ActionChallenge
	RememberDays int      `json:"remember_days"` // for how many days a device may be remembered, 0 to 365; 0: not at all
	Capabilities []string `json:"capabilities"`  // what may be used without being signed in
	Message      string   `json:"message"`       // what a person refused is told; empty: the usual sentence
	Limits       *Limits  `json:"limits"`        // what an account may use up; nil: the usual limits
}

// Limits are what an account may use up, across its sign-ins.
type Limits struct {
	Codes              int `json:"codes"`                // codes it may be sent, 1 to 20, …
	CodesWithinSeconds int `json:"codes_within_seconds"` // … within so many seconds, 60 to 86400
	WrongCodes         int `json:"wrong_codes"`          // wrong codes before it is refused, 1 to 100

	// What follows has its usual value where a policy does not name it.

	CodesPerDay         int `json:"codes_per_day"`          // codes it may be sent within 24 hours, 1 to 100
	WaitDoublesAfter    int `json:"wait_doubles_after"`     // of these, 1 to 100, after which the wait doubles with each
	ReservedCodesPerDay int `json:"reserved_codes_per_day"` // codes besides, on devices it was remembered on, 0 to 100
	WrongCodeDays       int `json:"wrong_code_days"`        // for how many days a wrong code counts, 1 to 365
	TellWrongCodes      int `json:"tell_wrong_codes"`       // from how many on a mail tells of them, 1 to 100
}

// UsualLimits hold where a policy names none.
func UsualLimits() Limits {
	return Limits{
		Codes: 5, CodesWithinSeconds: 600, WrongCodes: 100,
		CodesPerDay: 20, WaitDoublesAfter: 10, ReservedCodesPerDay: 10, WrongCodeDays: 30, TellWrongCodes: 3,
	}
}

// UnmarshalJSON gives what a policy does not name its usual value. The three limits of the first version have to be named.
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

// Code are the terms of a code.
type Code struct {
	Length             int `json:"length"`               // digits
	TTLSeconds         int `json:"ttl_seconds"`          // how long it holds
	MaxAttempts        int `json:"max_attempts"`         // tries
	ResendAfterSeconds int `json:"resend_after_seconds"` // before another may be sent
}

// decodeDecision reads a policy's answer. OPA checks what goes in against a schema but not what comes out, so this does:
// a misspelt field, a missing one, a word or a number out of range is an error, never a default.
func decodeDecision(answer any) (Decision, error) {
	var d Decision
	if err := decodeStrictly(answer, &d); err != nil {
		return Decision{}, fmt.Errorf("decode the decision: %w", err)
	}
	if err := d.validate(); err != nil {
		return Decision{}, fmt.Errorf("the decision is not valid: %w", err)
	}
	return d, nil
}

// decodeStrictly refuses fields that v does not have.
func decodeStrictly(answer, v any) error {
	raw, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// Capabilities are what a session may do, and why it may not do more.
type Capabilities struct {
	Capabilities []string          `json:"capabilities"`
	Reasons      map[string]string `json:"reasons"` // by capability that is lacking: a stable symbol
}

func decodeCapabilities(answer any) (Capabilities, error) {
	var c Capabilities
	if err := decodeStrictly(answer, &c); err != nil {
		return Capabilities{}, fmt.Errorf("decode the capabilities: %w", err)
	}
	if c.Capabilities == nil || c.Reasons == nil {
		return Capabilities{}, errors.New("the capabilities are not valid: capabilities or reasons are missing")
	}
	return c, nil
}

func (d Decision) validate() error {
	rules := []struct {
		bad bool
		msg string
	}{
		{d.Action != ActionAllow && d.Action != ActionChallenge && d.Action != ActionRefuse,
			"action must be allow, challenge or refuse"},
		{d.Reason == "", "reason is missing"},
		{d.Channel == "", "channel is missing"},
		{d.RememberDays < 0 || d.RememberDays > 365, "remember_days must be 0 to 365"},
	}
	var errs []error
	for _, r := range rules {
		if r.bad {
			errs = append(errs, errors.New(r.msg))
		}
	}
	if d.Action == ActionChallenge {
		errs = append(errs, d.Code.validate())
	}
	if d.Limits != nil {
		errs = append(errs, d.Limits.validate())
	}
	return errors.Join(errs...)
}

// validate holds what no policy can loosen: six digits at least and ten minutes at most (NIST SP 800-63B-4 §3.1.3.2), ten
// tries at most (the manual).
func (c Code) validate() error {
	return inRange(
		number{"code.length", c.Length, 6, 10},
		number{"code.ttl_seconds", c.TTLSeconds, 1, 600},
		number{"code.max_attempts", c.MaxAttempts, 1, 10},
		number{"code.resend_after_seconds", c.ResendAfterSeconds, 1, 600},
	)
}

// validate holds what no policy can loosen: a hundred wrong codes at most (NIST SP 800-63B-4 §3.2.2).
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
