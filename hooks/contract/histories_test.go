package contract

import (
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"nidan/store/postgrestest"
)

func TestCallsAreCarriedOutAsIfOneAfterTheOther(t *testing.T) {
	t.Parallel()
	s := newScene(t, postgrestest.Start(t), "histories", whole)
	looked, cuts := time.Duration(0), int64(0)
	var all []porcupine.Operation
	start := time.Now()
	for n := 0; len(all) < operations; n++ {
		history := s.round(n)
		begun := time.Now()
		if err := check(history); err != nil {
			t.Fatalf("round %d of seed %d: %v", n, s.seed, err)
		}
		looked += time.Since(begun)
		all = append(all, history...)
	}
	for _, p := range s.proxies {
		cuts += p.cuts.Load()
	}
	t.Logf("%d calls in %v, %v of it to look for their order; %d connections cut, %d calls undone, %d lost: %v",
		len(all), time.Since(start).Round(time.Millisecond), looked.Round(time.Millisecond), cuts, s.undone, s.lost, s.states)
	s.expectKept(t, all)
	// Each state must have occurred: a history without it would prove nothing about it.
	for _, state := range []string{
		"passed", "code_sent", "code_resent", "cancelled", "code_mismatch", "code_expired", "attempts_exceeded", "sign_in_again",
		"too_many_codes", "refused", "done", unavailable,
	} {
		if s.states[state] == 0 {
			t.Errorf("nothing was answered %s", state)
		}
	}
	if s.lost == 0 || s.undone == 0 || s.undone > len(all)/2 {
		t.Errorf("%d calls were lost and %d undone", s.lost, s.undone)
	}
}
