package live

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nidan/policies"
)

// Every answer during the swaps must come from a good set, with the revision of this set.
func TestSwappingSetsUnderLoad(t *testing.T) {
	p, _ := newPolicies()
	p.limit, p.within = time.Minute, 10*time.Minute // the speed of the machine must not decide the test
	const good = 10
	revisions := make(map[string]string) // by reason
	offers := make([]func() error, 0, good)
	for i := range good {
		set := lets(fmt.Sprintf("good-%d", i))
		loaded, err := policies.Load(set)
		if err != nil {
			t.Fatal(err)
		}
		revisions[fmt.Sprintf("good-%d", i)] = loaded.Revision()
		offers = append(offers, func() error { return p.take(t.Context(), set) })
	}
	var bad []func() error
	sets := broken()
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		bad = append(bad, func() error {
			if p.take(t.Context(), sets[name]) == nil {
				return fmt.Errorf("one that %s was activated", name)
			}
			return nil
		})
	}
	if err := offers[0](); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	var answers, wrong atomic.Int64
	for range 2 {
		asking.Go(func() {
			for ctx.Err() == nil {
				v, err := p.Login(context.WithoutCancel(ctx), policies.Input{})
				answers.Add(1)
				if err != nil || v.Action != policies.ActionAllow || revisions[v.Reason] != v.Revision || v.Revision == "" {
					wrong.Add(1)
				}
			}
		})
	}
	for i := 1; i <= swaps; i++ {
		offer := offers[i%good]
		if i%2 == 0 {
			offer = bad[i/2%len(bad)]
		}
		if err := offer(); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	asking.Wait()
	s := p.Status()
	t.Logf("%d sets offered, %d activated, %d refused; %d answers meanwhile, %d of them wrong or failed",
		swaps, s.Activations, s.Refusals, answers.Load(), wrong.Load())
	if wrong.Load() != 0 || answers.Load() < swaps || s.Activations != 1+swaps/2 || s.Refusals != swaps/2 {
		t.Error("that is not what it should be")
	}
}
