package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// Verdict is a decision on one sign-in, and what is to be put on record of it.
type Verdict struct {
	Decision
	Revision string        // of the set that decided
	Took     time.Duration // to decide, masking not counted
	Kept     Kept
}

// Kept is what may be kept of a decision, masked as the policies themselves say (data.nidan.records.mask). It is what a record
// of a sign-in holds, and what is decided again by a replay.
type Kept struct {
	Input    json.RawMessage `json:"input"`             // an [Input]
	Decision json.RawMessage `json:"decision"`          // a [Decision]; null: nothing could be decided
	Took     int64           `json:"took_microseconds"` // to decide
	Erased   []string        `json:"erased,omitempty"`  // what was taken out, as OPA names it: "/input/request/ip"
	Masked   []string        `json:"masked,omitempty"`  // what stands there in another's place
}

// Login decides one sign-in. An error means that nothing was decided, or that it cannot be said what of it may be kept: nobody
// may be let in. The verdict says even then whose it is and, unless that is what failed, what to keep. Sign-ins that are alike in all
// that the policies read are decided once.
func (e *Engine) Login(ctx context.Context, in Input) (Verdict, error) {
	v := Verdict{Revision: e.set.revision}
	f := factsOf(&in)
	start := time.Now()
	var undecided error
	v.Decision, undecided = e.decisions.of(&in, func() (Decision, error) {
		value, err := f.value()
		if err != nil {
			return Decision{}, err
		}
		answer, err := e.eval(ctx, e.login, loginQuery, rego.EvalParsedInput(value))
		if err != nil {
			return Decision{}, err
		}
		return decodeDecision(answer)
	})
	v.Took = time.Since(start)
	var d *Decision
	if undecided == nil {
		d = &v.Decision
	}
	var unmasked error
	if v.Kept, unmasked = e.keep(ctx, f, d, v.Took); unmasked != nil {
		v.Decision = Decision{}
	}
	return v, errors.Join(undecided, unmasked)
}

// signIn is an input as JSON has it. What OPA wants of it is made when it is asked for, once.
type signIn struct {
	in    *Input
	facts map[string]any
	value func() (ast.Value, error)
}

func factsOf(in *Input) signIn {
	f := signIn{in: in, facts: in.facts()}
	f.value = sync.OnceValues(func() (ast.Value, error) {
		value, err := valueOf(reflect.ValueOf(in))
		if err != nil {
			return nil, fmt.Errorf("encode a sign-in: %w", err)
		}
		return value, nil
	})
	return f
}
