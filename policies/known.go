package policies

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"slices"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/dependencies"
)

// mostKnown bounds what is kept of each question: some of what policies read is a client's own to choose.
const mostKnown = 50_000

// known are answers to one question, by all that the policies read to answer it. Policies have no clock and no chance of their own:
// asked the same, they answer the same. It belongs to one engine, and goes with it. It is safe for concurrent use.
type known[V any] struct {
	reads   [][]string            // see [readsOf]
	places  []place               // where they are in an input
	answers *lru.Cache[digest, V] // nil: the policies read something that is new each time
}

// digest is that of what the policies read: a client may make some of it as long as it likes.
type digest [sha256.Size]byte

// newKnown knows nothing yet. The inputs are of the given type; now is where the clock stands in them.
func newKnown[V any](c *ast.Compiler, query string, input reflect.Type, now ...string) (*known[V], error) {
	reads, err := readsOf(c, query)
	if err != nil {
		return nil, err
	}
	k := &known[V]{reads: reads}
	for _, path := range reads {
		if slices.Equal(path, now[:min(len(path), len(now))]) {
			return k, nil
		}
		k.places = append(k.places, placeIn(input, path))
	}
	k.answers, err = lru.New[digest, V](mostKnown)
	return k, err
}

// of returns the answer that is known, or else the one that is worked out. One that fails is not kept.
func (k *known[V]) of(input any, work func() (V, error)) (V, error) {
	if k.answers == nil {
		return work()
	}
	key := k.key(reflect.ValueOf(input))
	if v, ok := k.answers.Get(key); ok {
		return v, nil
	}
	v, err := work()
	if err == nil {
		k.answers.Add(key, v)
	}
	return v, err
}

// rooms are where keys are spelled.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

// key is the same for two inputs only if the policies cannot tell them apart.
func (k *known[V]) key(input reflect.Value) digest {
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	*room = (*room)[:0]
	for _, p := range k.places {
		*room = spell(*room, p.in(input))
	}
	return sha256.Sum256(*room)
}

// readsOf are the parts of the input that the answer to a question may depend on, in order: ["account" "role"] and the like. What
// is read below a name that is worked out stands there as a whole; nothing at all, [][]string{{}}, means the whole input.
func readsOf(c *ast.Compiler, query string) ([][]string, error) {
	refs, err := dependencies.Base(c, ast.MustParseRef(query))
	if err != nil {
		return nil, fmt.Errorf("find out what the policies read: %w", err)
	}
	var reads [][]string
	for _, ref := range refs {
		if !ref.HasPrefix(ast.InputRootRef) {
			continue
		}
		reads = append(reads, pathOf(ref))
	}
	slices.SortFunc(reads, slices.Compare)
	// What stands in something else that is read is read with it.
	return slices.CompactFunc(reads, func(a, b []string) bool { return len(b) >= len(a) && slices.Equal(a, b[:len(a)]) }), nil
}

// pathOf are the names below the input that a reference leads through.
func pathOf(ref ast.Ref) []string {
	path := []string{}
	for _, part := range ref[1:] {
		name, ok := part.Value.(ast.String)
		if !ok {
			break // worked out, or a number: what stands before it is read
		}
		path = append(path, string(name))
	}
	return path
}
