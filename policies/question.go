package policies

import (
	"context"
	"errors"
	"reflect"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Question is one that a set of policies is asked. Those who ask it of all inputs there can be, and not of one that came, do so by
// [Engine.Answer].
type Question struct {
	Name  string       // "login"
	Query string       // "data.nidan.login.decision"
	Input reflect.Type // what an input consists of
}

// Questions are all that a set is asked, the sign-in first.
func Questions() []Question {
	return []Question{
		{"login", loginQuery, reflect.TypeFor[Input]()},
		{"capabilities", capabilitiesQuery, reflect.TypeFor[CapabilitiesInput]()},
		{"settings", settingsQuery, reflect.TypeFor[SettingsInput]()},
		{"console", consoleQuery, reflect.TypeFor[ConsoleInput]()},
		{"records", maskQuery, reflect.TypeFor[RecordInput]()},
	}
}

// Mask is one thing that must not be kept of a sign-in.
type Mask struct {
	Op    string `json:"op"`              // "remove" or "upsert"
	Path  string `json:"path"`            // "/input/account/email"
	Value string `json:"value,omitempty"` // of an upsert: JSON
}

// patience is how many times longer an answer may take where it is asked for a proof: a machine that is busy must not pass for policies that
// fail. Whether policies are fast enough is for [Check] to say.
const patience = 20

// withoutIndex has the rules read in the order in which they are written. OPA's index of rules would look at each fact that one of them compares
// with a constant, also where a condition before it fails: a proof would have to try the values of all these facts.
var withoutIndex = rego.EvalRuleIndexing(false)

// Answer asks a question, and reads the answer as strictly as it is read in earnest: a [Decision] with its limits said in full,
// [Capabilities], a [SettingsDecision], a [ConsoleDecision], or each [Mask]. What could not be carried out is an error here, too.
func (e *Engine) Answer(ctx context.Context, q Question, in ast.Value, tracers ...topdown.QueryTracer) (any, error) {
	options := []rego.EvalOption{rego.EvalParsedInput(in), withoutIndex}
	for _, t := range tracers {
		options = append(options, rego.EvalQueryTracer(t))
	}
	return e.answer(ctx, q, in, options...)
}

func (e *Engine) answer(ctx context.Context, q Question, in ast.Value, options ...rego.EvalOption) (any, error) {
	prepared := map[string]rego.PreparedEvalQuery{
		loginQuery: e.login, capabilitiesQuery: e.capabilities, settingsQuery: e.settings, consoleQuery: e.console, maskQuery: e.mask,
	}[q.Query]
	answer, err := evalWithin(ctx, patience*e.limit, prepared, q.Query, options...)
	if err != nil {
		return nil, err
	}
	switch q.Query {
	case loginQuery:
		return decodeInFull(in, answer)
	case capabilitiesQuery:
		return decodeCapabilities(answer)
	case settingsQuery:
		return decodeSettings(answer)
	case consoleQuery:
		return decodeConsole(answer)
	}
	rules, err := decodeMask(answer)
	masks := make([]Mask, 0, len(rules))
	for _, r := range rules {
		masks = append(masks, Mask{r.Op, r.Path, string(r.json)})
	}
	return masks, err
}

// decodeInFull reads a decision on a sign-in. Of the input it reads no more than it has to.
func decodeInFull(in ast.Value, answer any) (Decision, error) {
	d, err := decodeDecision(answer)
	if err != nil {
		return Decision{}, err
	}
	// Each fact is looked at only where the decision rests on it: proofs try its values then.
	var on basis
	switch {
	case d.SecondStep == SecondStepRemembered:
		on.deviceKnown = holds(in, "device", "known")
	case d.SecondStep == SecondStepPassed:
		method, _ := found(in, "request", "method").(ast.String)
		on.anotherMethod = anotherMethod(string(method))
	case d.Action == ActionChallenge && d.By() == ByAAL2:
		on.enrolled = holds(in, "account", "factors", "totp") || holds(in, "account", "factors", "webauthn")
	}
	if err := d.suits(on); err != nil {
		return Decision{}, err
	}
	return d.inFull(func() bool { return holds(in, "account", "has_email") })
}

// inFull is a decision with its limits, or an error where it could not be carried out. HasEmail is asked only where a code is: a proof
// tells inputs apart by all that is read.
func (d Decision) inFull(hasEmail func() bool) (Decision, error) {
	if d.Action == ActionChallenge && d.By() == ByEmail && !hasEmail() {
		return Decision{}, errors.New("a code is asked, and there is no address to send it to")
	}
	if d.Limits == nil {
		usual := UsualLimits()
		d.Limits = &usual
	}
	return d, nil
}

// holds says whether a fact is true.
func holds(in ast.Value, path ...string) bool {
	v := found(in, path...)
	return v != nil && ast.Boolean(true).Equal(v)
}

// found is a fact, or nil.
func found(in ast.Value, path ...string) ast.Value {
	ref := make(ast.Ref, len(path))
	for i, name := range path {
		ref[i] = ast.StringTerm(name)
	}
	v, err := in.Find(ref)
	if err != nil {
		return nil
	}
	return v
}

// Compiled are the rules by which a question is answered, and their data.
func (e *Engine) Compiled(q Question) (*ast.Compiler, map[string]any) {
	if q.Query == maskQuery {
		return e.masks, e.set.data
	}
	return e.compiler, e.set.data
}
