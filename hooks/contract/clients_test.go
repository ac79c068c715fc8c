package contract

import (
	"fmt"
	"math/rand/v2"
	"sync"
)

// known is what all clients of an account know together. A thief knows everything that the holder knows.
type known struct {
	mu     sync.Mutex
	name   string
	who    person
	flow   int // number of the oldest flow in use
	codes  []code
	begun  []int64 // session.authenticated_at of the sign-ins that were let in
	recent []call  // calls that can be made again
}

func newKnown(name string) *known {
	return &known{name: name, who: usual}
}

// flows is how many flows of an account are in use at the same time. One of them has the same id for all accounts.
const flows = 4

func (k *known) flowAt(n int) string {
	if n == 0 {
		return fmt.Sprint("flow ", k.flow/flows, " of all")
	}
	return fmt.Sprint("flow ", k.flow+n, " of ", k.name)
}

// learn adds what a client knows after a call.
func (k *known) learn(c call, out answer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.drawn.id != "" {
		k.codes = append(k.codes, code{id: c.drawn.id, flow: c.flow, digits: c.drawn.digits})
	}
	if c.what != "login" {
		return
	}
	if k.recent = append(k.recent, c); len(k.recent) > 12 {
		k.recent = k.recent[1:]
	}
	if out.state == "passed" {
		k.begun = append(k.begun, c.begun)
	}
	if out.state == "passed" || out.state == "sign_in_again" {
		k.flow++
	}
}

// codeOf is a code that was sent in the flow or in another flow: the newest one, or an older one.
func (k *known) codeOf(r *rand.Rand, flow string, inFlow, last bool) string {
	var found []string
	for _, c := range k.codes {
		if (c.flow == flow) == inFlow {
			found = append(found, c.digits)
		}
	}
	switch {
	case len(found) == 0:
		return "no code" // a wrong one
	case last:
		return found[len(found)-1]
	}
	return found[r.IntN(len(found))]
}

func (k *known) anyCode(r *rand.Rand) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.codeOf(r, "", false, false)
}

// mix is the behaviour of the clients of a round: how often they do each thing, relative to the others.
type mix struct {
	accounts, calls                                                                                            int // calls of each client
	plain, device, resend, cancel, right, wrong, older, otherFlow, otherAccount, repeat, password, clear, jump int
}

var mixes = []mix{
	{accounts: 4, calls: 20, plain: 12, device: 4, resend: 12, cancel: 4, right: 16, wrong: 30, older: 5, otherFlow: 5, otherAccount: 3,
		repeat: 8, password: 3, clear: 1, jump: 3},
	{accounts: 2, calls: 45, plain: 10, resend: 25, right: 1, wrong: 80, repeat: 2, jump: 2}, // guessing
	{accounts: 3, calls: 20, plain: 15, device: 2, resend: 20, cancel: 15, right: 15, wrong: 10, older: 10, otherFlow: 5, otherAccount: 5,
		repeat: 10, password: 3, jump: 3},
	{accounts: 5, calls: 30, plain: 10, device: 10, resend: 5, right: 30, wrong: 5, older: 3, otherFlow: 2, otherAccount: 2,
		repeat: 25, password: 10, jump: 2},
}

func (m mix) all() int {
	return m.plain + m.device + m.resend + m.cancel + m.right + m.wrong + m.older + m.otherFlow + m.otherAccount + m.repeat +
		m.password + m.clear + m.jump
}

// jumps are the movements of the clock: past each limit, and back.
var jumps = []int64{
	second, resendAfter, 2 * minute, 4 * minute, 4 * minute, codeHolds, codeHolds, 40 * minute, day,
	-second, -resendAfter, -60 * minute,
}

// next is the next action of a client: a call, or a jump of the clock. Begun is session.authenticated_at of the call.
func (m mix) next(r *rand.Rand, k *known, others []*known, begun int64) (c call, jump int64) {
	elsewhere := others[r.IntN(len(others))].anyCode(r)
	k.mu.Lock()
	defer k.mu.Unlock()
	c = call{what: "login", account: k.name, channel: "softphone", who: k.who, begun: begun, flow: k.flowAt(r.IntN(flows))}
	n := r.IntN(m.all())
	is := func(weight int) bool { n -= weight; return n < 0 }
	switch {
	case is(m.plain):
	case is(m.device) && len(k.codes) > 0:
		c.token = given(k.codes[r.IntN(len(k.codes))].id)
	case is(m.resend):
		c.action = "resend"
	case is(m.cancel):
		c.action = "cancel"
	case is(m.right):
		c.code, c.remember = k.codeOf(r, c.flow, true, true), r.IntN(3) == 0
	case is(m.wrong):
		c.code = fmt.Sprintf("%06d", r.IntN(1_000_000))
	case is(m.older):
		c.code = k.codeOf(r, c.flow, true, false)
	case is(m.otherFlow):
		c.code = k.codeOf(r, c.flow, false, false)
	case is(m.otherAccount):
		c.code = elsewhere
	case is(m.repeat) && len(k.recent) > 0:
		c = k.recent[r.IntN(len(k.recent))]
	case is(m.password):
		c.what = "password"
		if len(k.begun) > 0 && r.IntN(2) == 0 {
			c.begun = k.begun[r.IntN(len(k.begun))]
		}
	case is(m.clear):
		c.what = "clear"
	case is(m.jump):
		return call{}, jumps[r.IntN(len(jumps))]
	}
	return c, 0
}
