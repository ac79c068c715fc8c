package policies

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/rego"
)

// Reads returns the parts of the input that the decision on a sign-in may depend on, see [readsOf].
func (e *Engine) Reads() ([][]string, error) { return readsOf(e.compiler, loginQuery) }

// Memo decides recorded sign-ins as its engine does. It makes one decision for all sign-ins that have the same values of what the
// policies read. It is safe for concurrent use.
type Memo struct {
	engine  *Engine
	known   *known[answer]
	lacking lackings
}

// lackings caches which facts sign-ins lack. The key is the list of facts that may be lacking, and what the policies read.
type lackings struct {
	known map[string]*known[[]string]
	make  func() (*known[[]string], error)
	mu    sync.Mutex
}

func (l *lackings) of(in map[string]any, facts [][]string, work func() ([]string, error)) ([]string, error) {
	name := fmt.Sprintf("%q", facts)
	l.mu.Lock()
	k, err := l.known[name], error(nil)
	if k == nil && len(l.known) < mostLackings {
		if k, err = l.make(); err == nil {
			l.known[name] = k
		}
	}
	l.mu.Unlock()
	if err != nil || k == nil {
		return work()
	}
	return k.of(in, work)
}

// mostLackings bounds the number of such lists: there are about as many as versions of Nidan and masks.
const mostLackings = 50

// answer is a decision or the reason why there was none: a sign-in that could not be decided will fail again.
type answer struct {
	decision Decision
	err      error
}

// Memo returns an empty memo.
func (e *Engine) Memo() (*Memo, error) {
	k, err := newKnown[answer](e.compiler, loginQuery, reflect.TypeFor[map[string]any](), "now")
	return &Memo{engine: e, known: k, lacking: lackings{known: map[string]*known[[]string]{}, make: func() (*known[[]string], error) {
		return newKnown[[]string](e.compiler, loginQuery, reflect.TypeFor[map[string]any](), "now")
	}}}, err
}

// Login decides a recorded sign-in: a decoded [Input] of any version of the program.
func (m *Memo) Login(ctx context.Context, in map[string]any) (Decision, error) {
	return m.login(ctx, in, m.engine.limit)
}

func (m *Memo) login(ctx context.Context, in map[string]any, limit time.Duration) (Decision, error) {
	a, err := m.known.of(in, func() (a answer, late error) {
		result, err := evalWithin(ctx, limit, m.engine.login, loginQuery, rego.EvalInput(in))
		if err == nil {
			a.decision, err = decodeDecision(result)
		}
		if ended := ctx.Err(); ended != nil {
			return answer{}, ended // also after an evaluation that had just succeeded
		}
		if isTooSlow(err) {
			return answer{}, err // the next evaluation may be faster
		}
		a.err = err
		return a, nil
	})
	if err == nil {
		err = a.err
	}
	if err == nil {
		err = a.decision.suitsInput(in)
	}
	if err != nil {
		return Decision{}, err
	}
	return a.decision, nil
}

// InFull is Login with the strictness and the longer limit of [Engine.Answer]. The decision has its limits filled in.
func (m *Memo) InFull(ctx context.Context, in map[string]any) (Decision, error) {
	d, err := m.login(ctx, in, patience*m.engine.limit)
	if err != nil {
		return Decision{}, err
	}
	account, _ := in["account"].(map[string]any)
	return d.inFull(func() bool { return account["has_email"] == true })
}

// ReadsAny says whether the policies may read a value at one of these places. The places are written as in [Kept].
func (m *Memo) ReadsAny(pointers []string) bool {
	for _, p := range pointers {
		if !strings.HasPrefix(p, "/input/") {
			continue
		}
		names := namesIn(p)[1:]
		for _, path := range m.known.reads {
			if n := min(len(names), len(path)); slices.Equal(names[:n], path[:n]) {
				return true
			}
		}
	}
	return false
}
