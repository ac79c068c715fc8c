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

// mostKnown bounds the number of cached answers for each question: the client chooses some of the values that policies read.
const mostKnown = 50_000

// known caches the answers to one question. The key is everything that the policies read to answer it. Policies have no clock and
// no random numbers, so the same input gets the same answer. A cache belongs to one engine and is dropped with it. It is safe for
// concurrent use.
type known[V any] struct {
	reads   [][]string            // see [readsOf]
	places  []place               // the places of reads in an input
	answers *lru.Cache[digest, V] // nil: no cache, because the policies read the time
}

// digest is a hash of what the policies read. It has a fixed size, because a client may send long values.
type digest [sha256.Size]byte

// newKnown returns an empty cache for inputs of the given type. The path now leads to the time in an input.
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

// of returns the cached answer, or else the result of work. An error is not cached.
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

var rooms = sync.Pool{New: func() any { return new([]byte) }}

// key returns the same digest for two inputs only if the policies cannot distinguish them.
func (k *known[V]) key(input reflect.Value) digest {
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	*room = (*room)[:0]
	for _, p := range k.places {
		*room = spell(*room, p.in(input))
	}
	return sha256.Sum256(*room)
}

// readsOf returns the parts of the input that the answer to a question may depend on, sorted: ["account" "role"] and the like. If a
// name is computed, the value above it counts as read as a whole. An empty path, as in [][]string{{}}, means the whole input.
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
	// A value that is inside another one that is read needs no entry.
	return slices.CompactFunc(reads, func(a, b []string) bool { return len(b) >= len(a) && slices.Equal(a, b[:len(a)]) }), nil
}

// pathOf returns the names that a reference leads through below the input.
func pathOf(ref ast.Ref) []string {
	path := []string{}
	for _, part := range ref[1:] {
		name, ok := part.Value.(ast.String)
		if !ok {
			break // computed, or a number: the value above is read
		}
		path = append(path, string(name))
	}
	return path
}
