package policies

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Action says what happens with a sign-in.
type Action string

// The three actions.
const (
	ActionAllow     Action = "allow"     // the sign-in is let in without a code
	ActionChallenge Action = "challenge" // a second step is needed
	ActionRefuse    Action = "refuse"    // the sign-in is refused
)

// SecondStep says what a sign-in counts as that is let in without a code.
type SecondStep string

// The values of SecondStep. A sign-in with a right code counts as passed, unless the challenge was for enrolment only.
const (
	SecondStepNotAsked   SecondStep = "not_asked"
	SecondStepRemembered SecondStep = "remembered" // counts as a code; only for a known device
	SecondStepPassed     SecondStep = "passed"     // the sign-in method itself counts as two steps; never for the password
	SecondStepEnrolOnly  SecondStep = "enrol_only" // the session may only enrol a factor, even after a right code
)

// State is the documented state in which a refusal is shown.
type State string

// The states of a refusal.
const (
	StateRefused      State = "refused"
	StateSignInAgain  State = "sign_in_again" // does not say why, so that a person who tries passwords does not learn which accounts are locked
	StateClientTooOld State = "client_too_old"
)

// Decision is the decision of the policies about one sign-in. Each effect has a field of its own. The reason has no effect: it is
// for people, records and tests.
type Decision struct {
	Action       Action   `json:"action" jsonschema:"required,enum=allow,enum=challenge,enum=refuse,description=what happens: let in with the password alone\\, asked for a code\\, or not let in"`
	Reason       string   `json:"reason" jsonschema:"required,minLength=1,description=why: a stable symbol. It is recorded\\, and nothing else is done with it"`
	Channel      string   `json:"channel" jsonschema:"required,minLength=1,description=what is being signed in to"`
	Code         Code     `json:"code" jsonschema:"description=the terms of a code. A challenge needs them"`
	RememberDays int      `json:"remember_days" jsonschema:"minimum=0,maximum=365,description=for how many days a device may be remembered. 0: not at all"`
	Capabilities []string `json:"capabilities" jsonschema:"description=what may be used without being signed in"`
	Message      Message  `json:"message,omitzero" jsonschema:"description=for a refuse: the text that the person reads instead of the state's own sentence"`
	Limits       *Limits  `json:"limits" jsonschema:"description=what an account may use up. Without them: the usual limits"`

	SecondStep    SecondStep `json:"second_step,omitempty" jsonschema:"enum=not_asked,enum=remembered,enum=passed,enum=enrol_only,description=for an allow: what the session counts as. remembered only if input.device.known is true\\, passed only if input.request.method is not the password. Without it: not_asked. For a challenge by email: enrol_only\\, a session that may only enrol a factor"`
	ForgetDevices bool       `json:"forget_devices" jsonschema:"description=the devices that remember this account are forgotten. Without it: false"`
	State         State      `json:"state,omitempty" jsonschema:"enum=refused,enum=sign_in_again,enum=client_too_old,description=for a refuse: the state in which it is shown. Without it: refused"`

	SecondStepBy []Way    `json:"second_step_by,omitempty" jsonschema:"minItems=1,description=for a challenge: the ways in which this account can take the second step\\, the preferred one first. aal2 first: no code is mailed\\, and the session may do nothing until Kratos says aal2. Only if input.account.factors has totp or webauthn. Without it: email"`
	Needs        []string `json:"needs,omitempty" jsonschema:"enum=account.factors,description=facts that the decision depends on and that are not in the input. Nidan looks them up\\, and asks again. If they are still needed then\\, the sign-in is refused"`
}

// Message is the text that a refused person reads, by language. If only one language is given, everybody reads this one.
type Message struct {
	JA string `json:"ja,omitempty"`
	EN string `json:"en,omitempty"`
}

// UnmarshalJSON also accepts a plain string, which is the text for every language.
func (m *Message) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*m = Message{JA: text, EN: text}
		return nil
	}
	type message Message
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	return dec.Decode((*message)(m))
}

// In returns the message in a language, "ja" or "en", or else in the other language. It is empty if there is no message.
func (m Message) In(locale string) string {
	if locale == "ja" {
		return cmp.Or(m.JA, m.EN)
	}
	return cmp.Or(m.EN, m.JA)
}

// decodeDecision reads a policy's answer. OPA checks the input against a schema, but not the answer, so this function does: a
// misspelt or missing field, an unknown word or a number out of range is an error. It never becomes a default.
func decodeDecision(answer any) (Decision, error) {
	var d Decision
	if err := decodeStrictly(answer, &d); err != nil {
		return Decision{}, fmt.Errorf("decode the decision: %w", err)
	}
	if err := d.validate(); err != nil {
		return Decision{}, fmt.Errorf("the decision is not valid: %w", err)
	}
	return d.settled(), nil
}

// decodeFor reads a policy's answer about a sign-in: an [Input], or an input decoded from JSON.
func decodeFor(in, answer any) (Decision, error) {
	d, err := decodeDecision(answer)
	if err == nil {
		err = d.suitsInput(in)
	}
	if err != nil {
		return Decision{}, err
	}
	return d, nil
}

// settled returns the decision with defaults filled in, and without the fields that have no effect for its action.
func (d Decision) settled() Decision {
	switch d.Action {
	case ActionAllow:
		d.SecondStep, d.State, d.Message = cmp.Or(d.SecondStep, SecondStepNotAsked), "", Message{}
	case ActionRefuse:
		d.SecondStep, d.State = "", cmp.Or(d.State, StateRefused)
	default:
		d.State, d.Message = "", Message{}
		if d.SecondStep != SecondStepEnrolOnly {
			d.SecondStep = ""
		}
	}
	if d.Action != ActionChallenge {
		d.SecondStepBy = nil
	}
	return d
}

// decodeStrictly returns an error for a field that v does not have.
func decodeStrictly(answer, v any) error {
	raw, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// Capabilities says what a session may do, and why it may not do more.
type Capabilities struct {
	Capabilities []string          `json:"capabilities" jsonschema:"required"`
	Reasons      map[string]string `json:"reasons" jsonschema:"required,description=by capability that is missing: a stable symbol"`
	StepUp       map[string]StepUp `json:"step_up,omitempty" jsonschema:"description=by capability that is missing: what would earn it. Not listed: the person can do nothing about it now"`
}

// String returns the capabilities and the reasons in words.
func (c Capabilities) String() string {
	said := "may " + cmp.Or(strings.Join(c.Capabilities, ", "), "nothing")
	for _, name := range slices.Sorted(maps.Keys(c.Reasons)) {
		said += "; not " + name + ", " + c.Reasons[name]
	}
	return said
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
		{len(d.Needs) > 0 && d.Action != ActionRefuse, "a decision that needs a fact must refuse"},
		{d.State != "" && d.State != StateRefused && d.State != StateSignInAgain && d.State != StateClientTooOld,
			"state must be refused, sign_in_again or client_too_old"},
		{d.RememberDays < 0 || d.RememberDays > 365, "remember_days must be 0 to 365"},
	}
	errs := []error{d.validateSteps()}
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
