package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/dependencies"
	"github.com/open-policy-agent/opa/v1/rego"
)

// Reads are the parts of the input that the decision on a sign-in may depend on, in order: ["account" "role"] and the like. What
// is read below a name that is worked out stands there as a whole; nothing at all, [][]string{{}}, means the whole input.
func (e *Engine) Reads() ([][]string, error) {
	refs, err := dependencies.Base(e.compiler, ast.MustParseRef(loginQuery))
	if err != nil {
		return nil, fmt.Errorf("find out what the policies read: %w", err)
	}
	var reads [][]string
	for _, ref := range refs {
		if !ref.HasPrefix(ast.InputRootRef) {
			continue
		}
		path := []string{}
		for _, part := range ref[1:] {
			name, ok := part.Value.(ast.String)
			if !ok {
				break // a number: the list before it is read
			}
			path = append(path, string(name))
		}
		reads = append(reads, path)
	}
	slices.SortFunc(reads, slices.Compare)
	// What stands in something else that is read is read with it.
	return slices.CompactFunc(reads, func(a, b []string) bool { return len(b) >= len(a) && slices.Equal(a, b[:len(a)]) }), nil
}

// mostKnown bounds what a [Memo] keeps: some of what policies read is a client's own to choose.
const mostKnown = 100_000

// Memo decides sign-ins as its engine does, and those that are alike in all that the policies read only once. It is safe for
// concurrent use.
type Memo struct {
	engine *Engine
	reads  [][]string
	known  sync.Map // of answer, by key
	size   int
	mu     sync.Mutex // guards size
}

type answer struct {
	decision Decision
	err      error
}

// Memo returns one that knows nothing yet.
func (e *Engine) Memo() (*Memo, error) {
	reads, err := e.Reads()
	return &Memo{engine: e, reads: reads}, err
}

// Login decides a sign-in that was recorded: a decoded [Input], of whichever version of the program.
func (m *Memo) Login(ctx context.Context, in map[string]any) (Decision, error) {
	key, err := m.key(in)
	if err != nil {
		return Decision{}, err
	}
	if a, ok := m.known.Load(key); ok {
		return a.(answer).decision, a.(answer).err
	}
	var a answer
	result, err := m.engine.eval(ctx, m.engine.login, loginQuery, rego.EvalInput(in))
	if err == nil {
		a.decision, err = decodeDecision(result)
	}
	a.err = err
	// One that took too long may not the next time.
	if ctx.Err() == nil && !errors.Is(err, ErrTooSlow) {
		m.keep(key, a)
	}
	return a.decision, a.err
}

// ReadsAny says whether the policies may read something at one of these places, as [Kept] names what was masked.
func (m *Memo) ReadsAny(pointers []string) bool {
	for _, p := range pointers {
		below, ok := strings.CutPrefix(p, "/input/")
		if !ok {
			continue
		}
		parts := strings.Split(below, "/")
		for _, path := range m.reads {
			if n := min(len(parts), len(path)); slices.Equal(parts[:n], path[:n]) {
				return true
			}
		}
	}
	return false
}

func (m *Memo) keep(key string, a answer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.size == mostKnown {
		return
	}
	m.size++
	m.known.Store(key, a)
}

// key is the same for two inputs only if the policies cannot tell them apart.
func (m *Memo) key(in map[string]any) (string, error) {
	var b strings.Builder
	for _, path := range m.reads {
		v, there := valueAt(in, path)
		if !there {
			b.WriteString("\x00") // no JSON value begins so
			continue
		}
		raw, err := json.Marshal(v) // objects with their keys in order
		if err != nil {
			return "", fmt.Errorf("read the input: %w", err)
		}
		b.Write(raw)
		b.WriteByte('\n')
	}
	return b.String(), nil
}

func valueAt(in map[string]any, path []string) (v any, there bool) {
	v = in
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, there = m[name]; !there {
			return nil, false
		}
	}
	return v, true
}
