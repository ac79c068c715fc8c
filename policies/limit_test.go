package policies

import (
	"errors"
	"runtime"
	"testing"
	"time"
)

// A policy may be wrong in ways that its tests do not show. It must not make the process hang or run out of memory.
func TestADecisionThatWouldNotEndIsCutOff(t *testing.T) {
	for name, rego := range map[string]string{
		"a loop in a loop": `decision := 1 if {
	some i in numbers.range(1, 100000)
	some j in numbers.range(1, 100000)
	i + j < 0
}`,
		"a set that grows and grows":   `decision := count({[i, j] | some i in numbers.range(1, 100000); some j in numbers.range(1, 100000)})`,
		"a list of a thousand million": `decision := count(numbers.range(1, 1000000000))`,
		"a text that is joined out of itself": `_lines := [sprintf("%d", [i]) | some i in numbers.range(1, 200000)]

decision := count([concat(",", array.concat(_lines, [x])) | some x in _lines])`,
		"objects within objects": `decision := count({i: x |
	some i in numbers.range(1, 100000)
	x := {j: input | some j in numbers.range(1, 1000)}
})`,
		"a pattern that backtracks": `decision := 1 if {
	some i in numbers.range(1, 10000000)
	regex.match("(a+)+$", sprintf("%0100d", [i]))
	i < 0
}`,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Load(with(rego))
			if err != nil {
				t.Fatal(err)
			}
			e, err := s.Compile(t.Context(), 100*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			before := heap()
			if _, err := e.Login(t.Context(), asked()); !errors.Is(err, ErrTooSlow) {
				t.Errorf("got %v", err)
			}
			if after := heap(); after > before+32<<20 {
				t.Errorf("%d MiB are not given back", (after-before)>>20)
			}
		})
	}
}

// heap returns the size of the heap in use after a garbage collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
