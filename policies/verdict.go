package policies

import (
	"context"
	"encoding/json"
	"errors"
	"time"
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
// may be let in. The verdict says even then whose it is and, unless that is what failed, what to keep.
func (e *Engine) Login(ctx context.Context, in Input) (Verdict, error) {
	v := Verdict{Revision: e.set.revision}
	start := time.Now()
	answer, undecided := e.eval(ctx, e.login, loginQuery, in)
	v.Took = time.Since(start)
	if undecided == nil {
		v.Decision, undecided = decodeDecision(answer)
	}
	kept, unmasked := e.keep(ctx, in, v, undecided == nil)
	if unmasked != nil {
		v.Decision = Decision{}
	}
	v.Kept = kept
	return v, errors.Join(undecided, unmasked)
}
