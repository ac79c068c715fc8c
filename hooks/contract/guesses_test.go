package contract

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/store/postgrestest"
)

// An attacker who submits all guesses at the same time, to all replicas, has no more tries than one who submits them one after the other.
func TestAThousandGuessesAtOnceCountExactly(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	for name, right := range map[string]int{"one of them is right": 1, "one in ten is right": 100} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, server, fmt.Sprint("guesses_", right), whole)
			k := newKnown("agent")
			s.ask(k)
			flow := k.flowAt(1)
			digits := k.codeOf(rand.New(rand.NewPCG(0, 0)), flow, true, true)
			guesses := wrongCodesBut(digits, 1000-right)
			for range right {
				guesses = append(guesses, digits)
			}
			rand.Shuffle(len(guesses), func(i, j int) { guesses[i], guesses[j] = guesses[j], guesses[i] })
			s.faulty(true)
			said := s.atOnce(flow, guesses)

			let := slices.DeleteFunc(slices.Clone(said), func(a answer) bool { return a.state != "passed" })
			var mismatches []int
			for _, a := range said {
				if a.state == "code_mismatch" {
					mismatches = append(mismatches, a.left)
				}
			}
			slices.Sort(mismatches)
			tried, closed := s.triedOf(flow)
			t.Logf("%d tries counted, %d let in, %d told of a wrong code", tried, len(let), len(mismatches))
			want := 10
			if len(let) > 0 {
				want = len(mismatches) + 1
			}
			if len(let) > min(right, 1) || tried != want || tried > 10 || (closed == "passed") != (len(let) == 1) {
				t.Errorf("%d let in, %d tries counted (%s), %d told of a wrong code", len(let), tried, closed, len(mismatches))
			}
			for i, left := range slices.Backward(mismatches) {
				if n := len(mismatches) - i; left != 10-n {
					t.Errorf("wrong code %d leaves %d tries", n, left)
				}
			}
		})
	}
}

// wrongCodesBut are n different wrong codes.
func wrongCodesBut(right string, n int) (all []string) {
	for i := range n + 1 {
		if c := fmt.Sprintf("%06d", i); c != right && len(all) < n {
			all = append(all, c)
		}
	}
	return all
}

// atOnce submits all guesses at the same time. A call without an answer is repeated, as Kratos does; repeats get the first answer.
func (s *scene) atOnce(flow string, guesses []string) []answer {
	now := time.UnixMicro(s.clock.read())
	said := make([]answer, len(guesses))
	ready, repeats := make(chan struct{}), make(chan struct{}, clients)
	var all sync.WaitGroup
	for n, st := range s.stores {
		hook := newHook(s.t, st, func() time.Time { return now })
		for i := n; i < len(guesses); i += replicas {
			c := call{account: "agent", channel: "softphone", who: usual, flow: flow, begun: s.session(), code: guesses[i]}
			all.Go(func() {
				<-ready
				said[i] = s.submit(hook, c)
				// A slow machine may not answer all calls in time. A semaphore limits how many are repeated at the same time.
				repeats <- struct{}{}
				defer func() { <-repeats }()
				for try := 0; said[i].state == unavailable && try < 500; try++ {
					said[i] = s.submit(hook, c)
				}
				if said[i].state == unavailable {
					s.t.Error("a guess was not answered")
				}
			})
		}
	}
	close(ready)
	all.Wait()
	return said
}

func (s *scene) submit(hook *echo.Echo, c call) answer {
	out, err := post(s.t.Context(), hook, "/hooks/login/after-password", body(s.callers[0].keys, c))
	if err != nil {
		s.t.Error(err)
	}
	return out
}

// triedOf is how many tries were counted in a flow, and how its challenge ended.
func (s *scene) triedOf(flow string) (tried int, closed string) {
	s.t.Helper()
	s.faulty(false)
	row := s.stores[0].DB().QueryRowContext(s.t.Context(), `SELECT attempts, closed FROM challenges WHERE flow_id = $1`, flow)
	if err := row.Scan(&tried, &closed); err != nil {
		s.t.Fatal(err)
	}
	return tried, closed
}
