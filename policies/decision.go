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
	WrongCodes         int `json:"wrong_codes"`          // wrong codes in a row before it is refused, 1 to 100
}

// UsualLimits hold where a policy names none.
func UsualLimits() Limits { return Limits{Codes: 5, CodesWithinSeconds: 600, WrongCodes: 100} }

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

// validate holds what no policy can loosen: a hundred wrong codes in a row at most (NIST SP 800-63B-4 §3.2.2).
func (l Limits) validate() error {
	return inRange(
		number{"limits.codes", l.Codes, 1, 20},
		number{"limits.codes_within_seconds", l.CodesWithinSeconds, 60, 86400},
		number{"limits.wrong_codes", l.WrongCodes, 1, 100},
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
