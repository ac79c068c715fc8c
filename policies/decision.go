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

// Action is what is to happen with a sign-in.
type Action string

// The three actions.
const (
	ActionAllow     Action = "allow"     // the password is enough
	ActionChallenge Action = "challenge" // a code is needed too
	ActionRefuse    Action = "refuse"    // nobody is let in
)

// SecondStep is what a sign-in that is let in without a code counts as.
type SecondStep string

// What it may count as. A sign-in whose code was right counts as one that passed, unless it is for enrolment only.
const (
	SecondStepNotAsked   SecondStep = "not_asked"
	SecondStepRemembered SecondStep = "remembered" // as good as a code: only on a device that is known
	SecondStepPassed     SecondStep = "passed"     // by the method itself: never the password
	SecondStepEnrolOnly  SecondStep = "enrol_only" // worth nothing but to enrol a factor, also with a code that was right
)

// State is in which of the documented states a refusal is shown.
type State string

// The states of a refusal.
const (
	StateRefused      State = "refused"
	StateSignInAgain  State = "sign_in_again" // does not say why: whoever tries passwords does not learn which accounts are locked
	StateClientTooOld State = "client_too_old"
)

// Decision is what the policies say of one sign-in. Each thing that is done has a field of its own: nothing is done because of a reason,
// which is for people, records and tests.
type Decision struct {
	Action       Action   `json:"action" jsonschema:"required,enum=allow,enum=challenge,enum=refuse,description=what happens: let in with the password alone\\, asked for a code\\, or not let in"`
	Reason       string   `json:"reason" jsonschema:"required,minLength=1,description=why: a stable symbol. It is recorded\\, and nothing else is done with it"`
	Channel      string   `json:"channel" jsonschema:"required,minLength=1,description=what is being signed in to"`
	Code         Code     `json:"code" jsonschema:"description=the terms of a code. A challenge needs them"`
	RememberDays int      `json:"remember_days" jsonschema:"minimum=0,maximum=365,description=for how many days a device may be remembered. 0: not at all"`
	Capabilities []string `json:"capabilities" jsonschema:"description=what may be used without being signed in"`
	Message      Message  `json:"message,omitzero" jsonschema:"description=for a refuse: what the person reads\\, in place of the state's own sentence"`
	Limits       *Limits  `json:"limits" jsonschema:"description=what an account may use up. Without them: the usual limits"`

	SecondStep    SecondStep `json:"second_step,omitempty" jsonschema:"enum=not_asked,enum=remembered,enum=passed,enum=enrol_only,description=for an allow: what the session counts as. remembered only where input.device.known is true\\, passed only where input.request.method is another one than the password. Without it: not_asked. For a challenge by email: enrol_only\\, a session that is worth nothing but to enrol a factor"`
	ForgetDevices bool       `json:"forget_devices" jsonschema:"description=the devices that remember this account are forgotten. Without it: false"`
	State         State      `json:"state,omitempty" jsonschema:"enum=refused,enum=sign_in_again,enum=client_too_old,description=for a refuse: the state in which it is shown. Without it: refused"`

	SecondStepBy []Way    `json:"second_step_by,omitempty" jsonschema:"minItems=1,description=for a challenge: the ways that this account has to take the second step\\, the preferred one first. aal2 first: no code is mailed\\, and the session is worth nothing until Kratos says aal2. Only where input.account.factors has totp or webauthn. Without it: email"`
	Needs        []string `json:"needs,omitempty" jsonschema:"enum=account.factors,description=facts that are not in the input and that the decision turns on. They are looked up\\, and it is asked once more. What is still needed then refuses"`
}

// Message is what a person who is refused reads, in each language. Where there is one language alone, everybody reads that.
type Message struct {
	JA string `json:"ja,omitempty"`
	EN string `json:"en,omitempty"`
}

// UnmarshalJSON takes a plain text, too: it is for every language.
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

// In is the message in a language, "ja" or "en", or else in the other one. It is empty where there is none.
func (m Message) In(locale string) string {
	if locale == "ja" {
		return cmp.Or(m.JA, m.EN)
	}
	return cmp.Or(m.EN, m.JA)
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
	return d.settled(), nil
}

// decodeFor reads a policy's answer on a sign-in: an [Input], or one decoded from JSON.
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

// settled is the decision with what it does said in full, and without what is not done for its action.
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
	Capabilities []string          `json:"capabilities" jsonschema:"required"`
	Reasons      map[string]string `json:"reasons" jsonschema:"required,description=by capability that is lacking: a stable symbol"`
	StepUp       map[string]StepUp `json:"step_up,omitempty" jsonschema:"description=by capability that is lacking: what would earn it. Not there: nothing that the person could do now"`
}

// String is what the session may do, and why it may not do more.
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
