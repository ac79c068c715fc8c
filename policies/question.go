package policies

import (
	"context"
	"errors"
	"reflect"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Question is a question that a set of policies is asked. [Engine.Answer] answers it for any input, for programs that ask about all
// possible inputs.
type Question struct {
	Name  string       // such as "login"
	Query string       // such as "data.nidan.login.decision"
	Input reflect.Type // the type of an input
}

// Questions returns all questions that a set is asked. The first is about the sign-in.
func Questions() []Question {
	return []Question{
		{"login", loginQuery, reflect.TypeFor[Input]()},
		{"capabilities", capabilitiesQuery, reflect.TypeFor[CapabilitiesInput]()},
		{"settings", settingsQuery, reflect.TypeFor[SettingsInput]()},
		{"console", consoleQuery, reflect.TypeFor[ConsoleInput]()},
		{"records", maskQuery, reflect.TypeFor[RecordInput]()},
	}
}

// Mask is one value that must not be recorded of a sign-in.
type Mask struct {
	Op    string `json:"op"`              // "remove" or "upsert"
	Path  string `json:"path"`            // such as "/input/account/email"
	Value string `json:"value,omitempty"` // JSON, for an upsert
}

// patience is the factor by which an answer for a proof may take longer: a busy machine must not look like policies that fail.
// [Check] measures whether policies are fast enough.
const patience = 20

// withoutIndex makes OPA try the rules in their order. OPA's index would read each fact that a rule compares with a constant, even
// after a condition that fails: a proof would have to try the values of all these facts.
var withoutIndex = rego.EvalRuleIndexing(false)

// Answer asks a question and decodes the answer as strictly as a real decision: a [Decision] with its limits filled in,
// [Capabilities], a [SettingsDecision], a [ConsoleDecision], or a slice of [Mask]. A decision that cannot be carried out is an
// error here, too.
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

// decodeInFull reads a decision on a sign-in. It reads no more of the input than needed.
func decodeInFull(in ast.Value, answer any) (Decision, error) {
	d, err := decodeDecision(answer)
	if err != nil {
		return Decision{}, err
	}
	// A fact is read only if the decision depends on it: a proof tries all values of each fact that is read.
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

// inFull returns a decision with its limits, or an error if it cannot be carried out. It calls hasEmail only if a code is asked: a
// proof tries all values of each fact that is read.
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

func holds(in ast.Value, path ...string) bool {
	v := found(in, path...)
	return v != nil && ast.Boolean(true).Equal(v)
}

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

// Compiled returns the compiled rules that answer a question, and their data.
func (e *Engine) Compiled(q Question) (*ast.Compiler, map[string]any) {
	if q.Query == maskQuery {
		return e.masks, e.set.data
	}
	return e.compiler, e.set.data
}
