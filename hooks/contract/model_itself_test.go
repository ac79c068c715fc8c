package contract

import (
	"testing"

	"github.com/anishathalye/porcupine"
)

// written is a history written by hand.
type written struct {
	now   int64
	sent  map[string]int64 // when each code was
	calls []porcupine.Operation
}

// begin is the time at which a written history begins.
const begin = 1000 * day

func write() *written { return &written{sent: map[string]int64{}} }

func (w *written) login(change func(*call), out answer) *written {
	n := int64(len(w.calls))
	c := call{
		what: "login", account: "agent", flow: "flow", channel: "softphone", at: begin + w.now, begun: begin + n,
		who: usual,
	}
	change(&c)
	if c.drawn.id != "" {
		w.sent[c.drawn.id] = c.at
	}
	if out.challenge != "" {
		out.ends, out.resend = w.sent[out.challenge]+codeHolds, w.sent[out.challenge]+resendAfter
	}
	w.calls = append(w.calls, porcupine.Operation{Input: c, Output: out, Call: 2 * n, Return: 2*n + 1})
	return w
}

// first adds the first code of a flow.
func (w *written) first(flow, id, digits string) *written {
	return w.login(func(c *call) { c.flow, c.drawn = flow, drawn{id, digits} }, answer{state: "code_sent", challenge: id, left: tries})
}

func (w *written) resent(id, digits string) *written {
	return w.login(func(c *call) { c.action, c.drawn = "resend", drawn{id, digits} },
		answer{state: "code_resent", challenge: id, left: tries})
}

func (w *written) code(flow, digits string, out answer) *written {
	return w.login(func(c *call) { c.flow, c.code = flow, digits }, out)
}

func (w *written) mismatches(id string, left ...int) *written {
	for _, n := range left {
		w.code("flow", "wrong", answer{state: "code_mismatch", challenge: id, left: n})
	}
	return w
}

func (w *written) wait(d int64) *written { w.now += d; return w }

// again adds the repeat of the first call with a code.
func (w *written) again(out answer) *written {
	first := w.calls[1].Input.(call)
	return w.login(func(c *call) { *c = first }, out)
}

// together makes the last n calls overlap.
func (w *written) together(n int) *written {
	last := w.calls[len(w.calls)-n:]
	for i := range last {
		last[i].Call = last[0].Call
		last[i].Return = last[n-1].Return
	}
	return w
}

// lost adds a call whose effect is unknown.
func (w *written) lost(flow, digits string) *written {
	w.code(flow, digits, answer{state: unavailable})
	w.calls[len(w.calls)-1].Return = atTheEnd
	return w
}

func TestTheModelTellsWhatTheContractAllows(t *testing.T) {
	in := answer{state: "passed"}
	again := answer{state: "sign_in_again"}
	mismatch := func(id string, left int) answer { return answer{state: "code_mismatch", challenge: id, left: left} }
	begun := func() *written { return write().first("flow", "one", "111111") }
	for name, tc := range map[string]struct {
		history *written
		want    bool
	}{
		"the right code":                          {begun().code("flow", "111111", in), true},
		"the right code, twice":                   {begun().code("flow", "111111", in).code("flow", "111111", in), false},
		"the right code, and its repeat":          {begun().code("flow", "111111", in).again(in), true},
		"a repeat that is answered anew":          {begun().code("flow", "111111", in).again(again), false},
		"a right code and a stale one, together":  {begun().code("flow", "111111", again).code("flow", "111111", in).together(2), true},
		"the right code, twice at once":           {begun().code("flow", "111111", in).code("flow", "111111", in).together(2), false},
		"the stale one first":                     {begun().code("flow", "111111", again).code("flow", "111111", in), false},
		"a wrong code that lets in":               {begun().code("flow", "222222", in), false},
		"just in time":                            {begun().wait(codeHolds-1).code("flow", "111111", in), true},
		"too late":                                {begun().wait(codeHolds).code("flow", "111111", in), false},
		"the tenth try":                           {begun().mismatches("one", 9, 8, 7, 6, 5, 4, 3, 2, 1).code("flow", "111111", in), true},
		"the eleventh":                            {begun().mismatches("one", 9, 8, 7, 6, 5, 4, 3, 2, 1, 0).code("flow", "111111", in), false},
		"a try that is not counted":               {begun().mismatches("one", 9, 9), false},
		"tries out of order, at once":             {begun().mismatches("one", 8, 9).together(2), true},
		"tries out of order":                      {begun().mismatches("one", 8, 9), false},
		"the code of another flow":                {begun().first("other", "two", "222222").code("other", "111111", in), false},
		"an older code":                           {begun().wait(resendAfter).resent("two", "222222").code("flow", "111111", in), false},
		"the newer code":                          {begun().wait(resendAfter).resent("two", "222222").code("flow", "222222", in), true},
		"a resend too early":                      {begun().wait(resendAfter-1).resent("two", "222222"), false},
		"a second mail for the same flow":         {begun().first("flow", "two", "222222"), false},
		"a code that was shown and did not go":    {write().login(func(*call) {}, answer{state: "code_sent", challenge: "one", left: tries}), false},
		"another account's":                       {begun().login(func(c *call) { c.account, c.code = "other", "111111" }, in), false},
		"a lost try that was counted":             {begun().lost("flow", "222222").mismatches("one", 8), true},
		"a lost try that was not":                 {begun().lost("flow", "222222").mismatches("one", 9), true},
		"a lost try that counted late":            {begun().lost("flow", "222222").mismatches("one", 9, 7), true},
		"a lost try that counted twice":           {begun().lost("flow", "222222").mismatches("one", 7), false},
		"a lost right code that let in":           {begun().lost("flow", "111111").code("flow", "111111", again), true},
		"a lost right code that did not":          {begun().lost("flow", "111111").code("flow", "111111", in), true},
		"both of two that entered the same code":  {begun().lost("flow", "111111").code("flow", "111111", in).code("flow", "111111", in), false},
		"a try that is taken back":                {begun().mismatches("one", 9).login(func(*call) {}, answer{state: "code_sent", challenge: "one", left: 10}), false},
		"a right code in the wrong one's stead":   {begun().code("flow", "111111", mismatch("one", 9)), false},
		"six codes in ten minutes":                {sentIn(6, minute), false},
		"five codes in ten minutes":               {sentIn(5, minute), true},
		"six codes in just over ten minutes":      {sentIn(6, 2*minute), true},
		"a twentieth code within a day":           {sentIn(20, day/20-minute), false}, // the wait is longer by then
		"eleven codes, with a minute to wait":     {sentIn(11, 3*minute), true},
		"eighteen codes, with two hours in a row": {sentIn(18, 125*minute), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := check(tc.history.calls) == nil; got != tc.want {
				t.Errorf("allowed: %v, want %v", got, tc.want)
			}
		})
	}
}

// sentIn is a history of n codes, each in a flow of its own, with this time between them.
func sentIn(n int, between int64) *written {
	w := write()
	for i := range n {
		name := string(rune('a' + i))
		w.first("flow "+name, name, "111111").wait(between)
	}
	return w
}
