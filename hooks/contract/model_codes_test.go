package contract

import "slices"

// asked is a sign-in for which the policies ask for a code.
func (a account) asked(c call) (answer, account) {
	last := a.latest(c.flow)
	if c.action == "cancel" {
		return a.cancel(last)
	}
	if len(a.wrong) < wrongCodes {
		a.wrong = slices.DeleteFunc(slices.Clone(a.wrong), func(w wrong) bool { return w.at < c.at-wrongHolds })
	}
	switch {
	case len(a.wrong) >= wrongCodes:
		return answer{state: "refused"}, a
	case last < 0 || a.codes[last].closed == cancelled:
		return a.send(c, last, "code_sent")
	case a.codes[last].closed != open:
		return answer{state: "sign_in_again"}, a
	case a.codes[last].on != facts{c.who, a.passwords}:
		return answer{state: "sign_in_again"}, a.close(last, outdated)
	case c.action == "resend":
		return a.send(c, last, "code_resent")
	case c.code == "" || a.codes[last].left() == 0 || c.at >= a.codes[last].ends():
		return a.shown(last, a.codes[last].standing(c.at)), a
	}
	return a.try(c, last)
}

func (c code) standing(at int64) string {
	switch {
	case c.left() == 0:
		return "attempts_exceeded"
	case at >= c.ends():
		return "code_expired"
	}
	return "code_sent"
}

func (a account) try(c call, last int) (answer, account) {
	a.codes = slices.Clone(a.codes)
	a.codes[last].tried++
	if c.code == a.codes[last].digits {
		return a.pass(c, last)
	}
	a.wrong = with(a.wrong, wrong{flow: c.flow, at: c.at})
	if a.codes[last].left() == 0 {
		return a.shown(last, "attempts_exceeded"), a
	}
	return a.shown(last, "code_mismatch"), a
}

// pass accepts the code. It clears the wrong codes of the flow, and reports the others to the holder.
func (a account) pass(c call, last int) (answer, account) {
	a.codes[last].closed = passed
	a.wrong = slices.DeleteFunc(slices.Clone(a.wrong), func(w wrong) bool { return w.flow == c.flow })
	told := a.untold()
	for i := range a.wrong {
		a.wrong[i].told = true
	}
	if c.channel == "softphone" {
		c.token = given(a.codes[last].id)
	}
	if c.remember && c.token != "" {
		kept := device{c.token, c.channel, c.at}
		a.devices = append(slices.DeleteFunc(slices.Clone(a.devices), func(d device) bool { return d.token == c.token }), kept)
	}
	out, a := a.letIn(c, "passed")
	out.told = told
	return out, a
}

func (a account) untold() (n int) {
	for _, w := range a.wrong {
		if !w.told {
			n++
		}
	}
	return n
}

func (a account) cancel(last int) (answer, account) {
	if last >= 0 && a.codes[last].closed == open {
		a = a.close(last, cancelled)
	}
	return answer{state: "cancelled"}, a
}

func (a account) close(i int, how closing) account {
	a.codes = slices.Clone(a.codes)
	a.codes[i].closed = how
	return a
}

// latest is the index of the flow's newest code; -1: there is none.
func (a account) latest(flow string) int {
	for i, c := range slices.Backward(a.codes) {
		if c.flow == flow {
			return i
		}
	}
	return -1
}

func (a account) shown(i int, state string) answer {
	c := a.codes[i]
	out := answer{state: state, challenge: c.id, left: c.left(), ends: c.ends()}
	if state != "too_many_codes" {
		out.resend = c.resend()
	}
	return out
}

// send replaces the flow's last code by a new one, if the limits allow it.
func (a account) send(c call, last int, state string) (answer, account) {
	known := a.device(c.token) >= 0
	if !a.mayBeSent(c.at, known) || last >= 0 && c.at < a.codes[last].resend() {
		if last < 0 {
			return answer{state: "too_many_codes"}, a
		}
		return a.shown(last, "too_many_codes"), a
	}
	if last >= 0 && a.codes[last].closed == open {
		a = a.close(last, replaced)
	}
	a.codes = append(slices.Clip(a.codes), code{
		id: c.drawn.id, digits: c.drawn.digits, flow: c.flow, on: facts{c.who, a.passwords}, sent: c.at, reserved: known,
	})
	out := a.shown(len(a.codes)-1, state)
	if n := a.untold(); n >= tellFrom {
		out.told = n
	}
	return out, a
}

// mayBeSent says whether the limits allow another code. Known says that the client has codes of its own. After the clock was set back, codes
// with a later time count, too.
func (a account) mayBeSent(at int64, known bool) bool {
	inTen, inDay, newest := 0, 0, int64(0)
	for _, c := range a.codes {
		if c.reserved != known || c.sent <= at-day {
			continue
		}
		inDay++
		newest = max(newest, c.sent)
		if c.sent > at-10*minute {
			inTen++
		}
	}
	switch {
	case inTen >= codesInTen:
		return false
	case known:
		return inDay < reservedADay
	case inDay >= codesADay:
		return false
	case inDay >= waitDoubles:
		return at >= newest+min(day, resendAfter<<(inDay-waitDoubles+1))
	}
	return true
}
