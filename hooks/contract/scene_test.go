package contract

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"nidan/exchange"
	"nidan/store"
	"nidan/store/postgrestest"
)

const (
	replicas  = 3
	clients   = 24
	leavesOne = 60 // a client does not wait for the answer to one call in so many
)

// scene is three replicas on one PostgreSQL, each behind a proxy, with their clients.
type scene struct {
	t       *testing.T
	clock   *clock
	seed    uint64
	proxies []*proxy
	stores  []*store.Store
	callers []*caller    // one for each client
	order   atomic.Int64 // number of events so far
	begun   atomic.Int64 // session.authenticated_at of the last session

	mu      sync.Mutex
	history []porcupine.Operation // of the round
	states  map[string]int        // how often each state was answered
	lost    int                   // calls whose effect is unknown
	undone  int                   // calls that did not take effect
}

// breach wraps the store of a replica so that it breaks the contract.
type breach func(exchange.Store) exchange.Store

func whole(s exchange.Store) exchange.Store { return s }

func newScene(t *testing.T, server *postgrestest.Server, database string, broken breach) *scene {
	t.Helper()
	s := &scene{t: t, clock: newClock(microsecond), seed: rand.Uint64(), states: map[string]int{}}
	s.begun.Store(s.clock.read())
	url := server.New(database)
	var behind []exchange.Store
	for n := range replicas {
		p, through := newProxy(t, url)
		st, err := store.Open(t.Context(), through)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { st.Close() })
		if n == 0 {
			err = st.Migrate(t.Context(), switches)
		}
		if err != nil {
			t.Fatal(err)
		}
		s.proxies, s.stores, behind = append(s.proxies, p), append(s.stores, st), append(behind, broken(st))
	}
	for range clients {
		s.callers = append(s.callers, newCaller(t, s.clock, &s.order, behind...))
	}
	return s
}

// round lets all clients call at the same time, for accounts of this round, and returns the history.
func (s *scene) round(n int) []porcupine.Operation {
	s.t.Helper()
	s.history = nil
	r := rand.New(rand.NewPCG(s.seed, uint64(n)))
	m := mixes[n%len(mixes)]
	var accounts []*known
	for i := range m.accounts {
		accounts = append(accounts, newKnown(fmt.Sprint("account ", i, " of round ", n)))
	}
	s.faulty(true)
	var all sync.WaitGroup
	for id, c := range s.callers {
		r := rand.New(rand.NewPCG(r.Uint64(), uint64(id)))
		all.Go(func() {
			for range m.calls {
				s.act(r, id, c, m, accounts)
			}
		})
	}
	all.Wait()
	s.faulty(false)
	for _, k := range accounts {
		s.ask(k)
	}
	return s.history
}

func (s *scene) faulty(yes bool) {
	for _, p := range s.proxies {
		p.faulty.Store(yes)
	}
}

func (s *scene) act(r *rand.Rand, id int, c *caller, m mix, accounts []*known) {
	k := accounts[r.IntN(len(accounts))]
	next, jump := m.next(r, k, accounts, s.session())
	if jump != 0 {
		s.clock.micros.Add(jump)
		return
	}
	ctx, leave := context.WithCancel(s.t.Context())
	defer leave()
	if r.IntN(leavesOne) == 0 {
		defer time.AfterFunc(time.Duration(r.IntN(8000))*time.Microsecond, leave).Stop()
	}
	out := s.call(ctx, id, c, r.IntN(replicas), k, next)
	if out.state == "too_many_codes" && r.IntN(6) == 0 {
		s.clock.micros.Add(waits[r.IntN(len(waits))])
	}
}

// waits are the times that clients wait for the next code.
var waits = []int64{resendAfter, resendAfter, 5 * minute, 5 * minute, codeHolds, 60 * minute}

// session is a time at which no other session begins. Times that differ by less than a microsecond are the same in the store.
func (s *scene) session() int64 { return s.begun.Add(10) }

// call makes a call and adds it to the history.
func (s *scene) call(ctx context.Context, id int, c *caller, replica int, k *known, what call) answer {
	from := s.order.Add(1)
	what, out, err := c.do(ctx, replica, what)
	to := s.order.Add(1)
	if c.noted.order != 0 {
		from = c.noted.order
	}
	k.learn(what, out)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.t.Error(err)
	}
	s.states[out.state]++
	switch {
	case out.state == unavailable && !c.noted.ended:
		s.undone++ // the call must have had no effect
		return out
	case out.state == unavailable:
		s.lost++
		to, out.told = atTheEnd, 0
	}
	s.history = append(s.history, porcupine.Operation{ClientId: id, Input: what, Output: out, Call: from, Return: to})
	return out
}

// ask submits each flow once at the end, when no other call runs: a lost write shows in the answer.
func (s *scene) ask(k *known) {
	s.t.Helper()
	for n := range flows {
		c := call{what: "login", account: k.name, channel: "softphone", who: k.who, flow: k.flowAt(n)}
		state := unavailable
		for try := 0; state == unavailable; try++ {
			if try > 50 {
				s.t.Fatal("with nothing in the way, the replicas do not answer")
			}
			c.begun = s.session()
			state = s.call(s.t.Context(), 0, s.callers[0], n%replicas, k, c).state
		}
	}
}
