package policies

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// Way is a way to take the second step.
type Way string

// The two ways.
const (
	ByAAL2  Way = "aal2"  // a factor of Kratos: Kratos' session is then aal2
	ByEmail Way = "email" // a mailed code
)

var ways = []Way{ByAAL2, ByEmail}

// NeedsFactors is the only fact that a decision may need: [Account.Factors].
const NeedsFactors = "account.factors"

// StepUp says what would earn a capability that a session lacks: a new sign-in with the first factor. ACR and MaxAgeMinutes say
// what else the sign-in needs.
type StepUp struct {
	ACR           string `json:"acr,omitempty" jsonschema:"enum=aal2,description=Kratos' session has to be aal2"`
	MaxAgeMinutes int    `json:"max_age_minutes,omitempty" jsonschema:"minimum=1,description=the last step of signing in must be no older"`
}

// By returns the way in which the second step of a challenge is taken: the first in the list.
func (d Decision) By() Way {
	if len(d.SecondStepBy) == 0 {
		return ByEmail
	}
	return d.SecondStepBy[0]
}

// NotYet says whether the decision is not final: it needs facts that were not looked up, and will be made again with them.
func (d Decision) NotYet(in Input) bool { return len(d.Needs) > 0 && in.Account.Factors == nil }

// validateSteps checks what a decision says about the second step.
func (d Decision) validateSteps() error {
	var errs []error
	if d.SecondStepBy != nil && len(d.SecondStepBy) == 0 {
		errs = append(errs, errors.New("second_step_by has no way"))
	}
	for _, w := range d.SecondStepBy {
		if !slices.Contains(ways, w) {
			errs = append(errs, fmt.Errorf("second_step_by must have aal2 and email alone, and has %q", w))
		}
	}
	for _, need := range d.Needs {
		if need != NeedsFactors {
			errs = append(errs, fmt.Errorf("needs must have %s alone, and has %q", NeedsFactors, need))
		}
	}
	switch d.SecondStep {
	case "", SecondStepNotAsked:
	case SecondStepRemembered, SecondStepPassed:
		if d.Action != ActionAllow {
			errs = append(errs, errors.New("second_step can be remembered or passed only where action is allow"))
		}
	case SecondStepEnrolOnly:
		if d.Action != ActionChallenge {
			errs = append(errs, errors.New("second_step can be enrol_only only where action is challenge"))
		}
	default:
		errs = append(errs, errors.New("second_step must be not_asked, remembered, passed or enrol_only"))
	}
	return errors.Join(errs...)
}

// basis holds facts that a decision is checked against. They are not part of the cache key of a decision unless the policies read
// them, so each cached decision must be checked again.
type basis struct {
	deviceKnown   bool
	enrolled      bool // the account has a lasting factor
	anotherMethod bool // the method is not the password
}

// suits returns an error if the decision must not be made on a sign-in with these facts. It is separate from validate, which does
// not know the input.
func (d Decision) suits(on basis) error {
	switch {
	case d.SecondStep == SecondStepRemembered && !on.deviceKnown:
		return errors.New("the decision is not valid: second_step is remembered, and input.device.known is not true")
	case d.SecondStep == SecondStepPassed && !on.anotherMethod:
		return errors.New("the decision is not valid: second_step is passed, and the method of the sign-in is the password")
	// An account without a factor could do nothing with a session that waits for one.
	case d.Action == ActionChallenge && d.By() == ByAAL2 && !on.enrolled:
		return errors.New("the decision is not valid: second_step_by begins with aal2, and input.account.factors has neither totp nor webauthn")
	}
	return nil
}

// enrolled says whether the account has a lasting factor. Recovery codes do not count, because they run out.
func (f *Factors) enrolled() bool { return f != nil && (f.TOTP || f.WebAuthn) }

// anotherMethod says whether a method is not the password. An empty method counts as the password.
func anotherMethod(method string) bool { return method != "" && method != "password" }

// factOf returns a fact of an input, which is an [Input] or decoded from JSON. It is not valid if the fact is missing.
func factOf(in any, path ...string) reflect.Value {
	if in == nil {
		return reflect.Value{}
	}
	v := placeIn(reflect.TypeOf(in), path).in(reflect.ValueOf(in))
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return v
}

func holdsIn(in any, path ...string) bool {
	v := factOf(in, path...)
	return v.Kind() == reflect.Bool && v.Bool()
}

// suitsInput is suits for an [Input] or for an input decoded from JSON.
func (d Decision) suitsInput(in any) error {
	method := ""
	if v := factOf(in, "request", "method"); v.Kind() == reflect.String {
		method = v.String()
	}
	return d.suits(basis{
		deviceKnown:   holdsIn(in, "device", "known"),
		enrolled:      holdsIn(in, "account", "factors", "totp") || holdsIn(in, "account", "factors", "webauthn"),
		anotherMethod: anotherMethod(method),
	})
}
