package watch

import "sync"

// other stands for what is not told apart, and none for what is empty.
const (
	other = "other"
	none  = "none"
)

// bounded are the values that a label may have. A reason is whatever a policy says it is; one that names an account in it, or repeats what
// a client sent, would make a series of its own each time, until the process or whoever reads the metrics runs out of memory.
type bounded struct {
	most  int
	named func(string) bool // what stands in the policies
	known map[string]bool   // besides; it does not count

	mu   sync.RWMutex
	seen map[string]bool
}

func newBounded(most int, named func(string) bool, known ...string) *bounded {
	b := &bounded{most: most, named: named, known: map[string]bool{}, seen: map[string]bool{}}
	for _, k := range known {
		b.known[k] = true
	}
	return b
}

// of is the label for a value. What has been a label stays one, so that its series goes on when the policies change.
func (b *bounded) of(value string) string {
	if value == "" {
		return none
	}
	b.mu.RLock()
	fine := b.known[value] || b.seen[value]
	b.mu.RUnlock()
	if fine {
		return value
	}
	if !b.named(value) {
		return other
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.seen) >= b.most && !b.seen[value] {
		return other
	}
	b.seen[value] = true
	return value
}
