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

// Reads are the parts of the input that the decision on a sign-in may depend on, see [readsOf].
func (e *Engine) Reads() ([][]string, error) { return readsOf(e.compiler, loginQuery) }

// Memo decides sign-ins that were recorded as its engine does, and those that are alike in all that the policies read only once. It
// is safe for concurrent use.
type Memo struct {
	engine  *Engine
	known   *known[answer]
	lacking lackings
}

// lackings are the facts that sign-ins lack, known again by all that the policies read and by what may be lacking.
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

// mostLackings bounds how many ways to lack facts are known: as many as there were versions and masks.
const mostLackings = 50

// answer is a decision, or why there was none: a sign-in that could not be decided cannot be the next time either.
type answer struct {
	decision Decision
	err      error
}

// Memo returns one that knows nothing yet.
func (e *Engine) Memo() (*Memo, error) {
	k, err := newKnown[answer](e.compiler, loginQuery, reflect.TypeFor[map[string]any](), "now")
	return &Memo{engine: e, known: k, lacking: lackings{known: map[string]*known[[]string]{}, make: func() (*known[[]string], error) {
		return newKnown[[]string](e.compiler, loginQuery, reflect.TypeFor[map[string]any](), "now")
	}}}, err
}

// Login decides a sign-in that was recorded: a decoded [Input], of whichever version of the program.
func (m *Memo) Login(ctx context.Context, in map[string]any) (Decision, error) {
	return m.login(ctx, in, m.engine.limit)
}

func (m *Memo) login(ctx context.Context, in map[string]any, limit time.Duration) (Decision, error) {
	a, err := m.known.of(in, func() (a answer, late error) {
		result, err := evalWithin(ctx, limit, m.engine.login, loginQuery, rego.EvalInput(in))
		if err == nil {
			a.decision, err = decodeDecision(result)
		}
		if ctx.Err() != nil || isTooSlow(err) {
			return answer{}, err // may not be the next time
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

// InFull is Login as [Engine.Answer] answers: as strict, with its limits said in full, and in more time.
func (m *Memo) InFull(ctx context.Context, in map[string]any) (Decision, error) {
	d, err := m.login(ctx, in, patience*m.engine.limit)
	if err != nil {
		return Decision{}, err
	}
	account, _ := in["account"].(map[string]any)
	return d.inFull(func() bool { return account["has_email"] == true })
}

// ReadsAny says whether the policies may read something at one of these places, as [Kept] names what was masked.
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
