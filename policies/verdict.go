package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// Verdict is a decision on one sign-in, with what is recorded about it.
type Verdict struct {
	Decision
	Revision string        // of the set that decided
	Took     time.Duration // time to decide, without masking
	Kept     Kept
}

// Login decides one sign-in. After an error, nobody may be let in: there is no decision, or it is not known what may be recorded.
// Even then, the verdict has the revision and, unless the mask failed, the record. One decision is made for all sign-ins that have
// the same values of what the policies read.
func (e *Engine) Login(ctx context.Context, in Input) (Verdict, error) {
	v := Verdict{Revision: e.set.revision}
	s := signIn{in: &in}
	start := time.Now()
	d, undecided := e.decisions.of(&in, func() (decided, error) { return e.decide(ctx, &s) })
	v.Took = time.Since(start)
	if undecided == nil {
		undecided = d.suits(basis{in.Device.Known, in.Account.Factors.enrolled(), anotherMethod(in.Request.Method)})
	}
	if undecided == nil {
		v.Decision, s.decided = d.Decision, &d
	}
	var unmasked error
	if v.Kept, unmasked = e.keep(ctx, &s, v.Took); unmasked != nil {
		v.Decision = Decision{}
	}
	return v, errors.Join(undecided, unmasked)
}

// decided is a decision with its JSON.
type decided struct {
	Decision
	json json.RawMessage // shared by all sign-ins with this decision
}

func (e *Engine) decide(ctx context.Context, s *signIn) (d decided, err error) {
	value, err := s.value()
	if err != nil {
		return decided{}, err
	}
	answer, err := e.eval(ctx, e.login, loginQuery, rego.EvalParsedInput(value))
	if err != nil {
		return decided{}, err
	}
	if d.Decision, err = decodeDecision(answer); err != nil {
		return decided{}, err
	}
	if d.json, err = json.Marshal(d.Decision); err != nil {
		return decided{}, fmt.Errorf("encode the decision: %w", err)
	}
	return d, nil
}

// signIn is one sign-in while it is decided and masked.
type signIn struct {
	in      *Input
	decided *decided  // nil: not decided, or not yet
	asOPA   ast.Value // nil: not encoded yet
}

func (s *signIn) value() (ast.Value, error) {
	if s.asOPA != nil {
		return s.asOPA, nil
	}
	value, err := valueOf(reflect.ValueOf(s.in))
	if err != nil {
		return nil, fmt.Errorf("encode a sign-in: %w", err)
	}
	s.asOPA = value
	return value, nil
}
