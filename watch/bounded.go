package watch

import "sync"

// other is the label for values that are not told apart, and none is the label for an empty value.
const (
	other = "other"
	none  = "none"
)

// bounded are the values that a label may have. A policy can give any text as a reason. If the text names an account, or repeats what a
// client sent, it makes a new series each time, until this process or the monitoring system runs out of memory.
type bounded struct {
	most  int
	named func(string) bool // says whether the policies contain this text
	known map[string]bool   // values that are always labels, and do not count

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

// of returns the label for a value. A value that has been a label stays a label, so its series goes on when the policies change.
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
