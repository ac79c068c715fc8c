package contract

import (
	"cmp"
	"fmt"
	"slices"
)

// The numbers of policies/README.md and policies/data.json, in the model's unit of time.
const (
	microsecond = int64(1)
	second      = 1_000_000 * microsecond
	minute      = 60 * second
	day         = 24 * 60 * minute

	codeHolds    = 10 * minute
	tries        = 10
	resendAfter  = 30 * second
	codesInTen   = 5
	codesADay    = 20
	waitDoubles  = 10
	reservedADay = 10
	wrongCodes   = 100
	wrongHolds   = 30 * day
	rememberDays = 30
	tellFrom     = 3
)

// account is all that matters of one account: what became of the calls so far. It is never changed, each call makes a new one.
type account struct {
	codes     []code
	wrong     []wrong
	devices   []device
	sessions  []session
	answers   []answered
	passwords int // how often it has changed
}

// code is one that was sent.
type code struct {
	id, digits, flow string
	on               facts
	tried            int
	sent             int64
	reserved         bool
	closed           closing
}

type closing string

const (
	open      closing = ""
	passed    closing = "passed"
	cancelled closing = "cancelled"
	replaced  closing = "replaced"
	outdated  closing = "outdated"
)

func (c code) ends() int64   { return c.sent + codeHolds }
func (c code) resend() int64 { return c.sent + resendAfter }
func (c code) left() int     { return tries - c.tried }

// facts are what a code is sent on.
type facts struct {
	person
	passwords int
}

// person is an account as Kratos has it.
type person struct {
	email, role string
	flag        bool // its two-step flag
	locked      bool
}

type wrong struct {
	flow string
	at   int64
	told bool
}

type device struct {
	token, channel string
	at             int64
}

// session is a sign-in that was let through.
type session struct {
	begun int64 // as Kratos says
	step  string
}

// answered is a call, and what it was answered.
type answered struct {
	key string
	answer
}

// answer is what a client learns of the hook's answer.
type answer struct {
	state     string
	challenge string // id; empty: none is shown
	left      int    // tries
	told      int    // how many wrong codes a holder is told of with it, in the mail or on the page
}

// drawn is what chance gave a code that was sent.
type drawn struct{ id, digits string }

// call is one call of Kratos, or one thing that an administrator does.
type call struct {
	what    string // "login", "password" or "clear"
	account string
	at      int64 // what the clock said while the call was being carried out

	flow     string
	channel  string
	who      person
	code     string
	action   string
	remember bool
	token    string // of the client's device
	begun    int64  // of the session, as Kratos says: the same in repeats; password: of the session that sets it, 0 where nobody says
	drawn    drawn
}

// key is what tells one call from another.
func (c call) key() string { return fmt.Sprint(c.flow, " ", c.begun) }

// given is the token that a client without cookies is given with a challenge.
func given(challenge string) string { return "given with " + challenge }

// compare puts things in an order in which it does not matter what came first: two calls that have nothing to do with each other leave
// the same account behind, whichever came first.
func (w wrong) compare(o wrong) int       { return cmp.Compare(w.at, o.at) }
func (s session) compare(o session) int   { return cmp.Compare(s.begun, o.begun) }
func (a answered) compare(o answered) int { return cmp.Compare(a.key, o.key) }

// with is all of them and one more. What is there is not changed.
func with[T interface{ compare(T) int }](all []T, one T) []T {
	i, _ := slices.BinarySearchFunc(all, one, T.compare)
	return slices.Insert(slices.Clip(all), i, one)
}

// after is what a call is answered, and what the account is then.
func (a account) after(c call) (answer, account) {
	switch c.what {
	case "password":
		return a.newPassword(c)
	case "clear":
		a.wrong = nil
		return answer{state: "done"}, a
	}
	if i, there := slices.BinarySearchFunc(a.answers, answered{key: c.key()}, answered.compare); there {
		return a.answers[i].answer, a
	}
	out, a := a.signIn(c)
	first := out
	first.told = 0 // a repeat sends nothing, and records nothing
	a.answers = with(a.answers, answered{c.key(), first})
	return out, a
}

// signIn is what the policies say, and what follows.
func (a account) signIn(c call) (answer, account) {
	switch {
	case c.who.locked:
		return answer{state: "sign_in_again"}, a
	case c.who.email == "":
		return a.unasked(c, "not_asked")
	case !c.who.flag:
		a.devices = nil
		return a.unasked(c, "not_asked")
	case a.remembers(c):
		return a.unasked(c, "remembered")
	}
	return a.asked(c)
}

func (a account) remembers(c call) bool {
	i := a.device(c.token)
	return i >= 0 && a.devices[i].channel == c.channel && (c.at-a.devices[i].at)/day < rememberDays
}

func (a account) device(token string) int {
	return slices.IndexFunc(a.devices, func(d device) bool { return d.token == token })
}

// unasked is a sign-in for which the policies ask no code. Whoever is just entering one has to sign in again.
func (a account) unasked(c call, step string) (answer, account) {
	last := a.latest(c.flow)
	standing := last >= 0 && a.codes[last].closed == open
	switch {
	case c.action == "cancel":
		return a.cancel(last)
	case standing && (c.code != "" || c.action == "resend"):
		return answer{state: "sign_in_again"}, a.close(last, outdated)
	}
	return a.letIn(c, step)
}

func (a account) letIn(c call, step string) (answer, account) {
	a.sessions = with(a.sessions, session{c.begun, step})
	return answer{state: "passed"}, a
}

// asked is a sign-in that needs a code.
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

// pass clears the wrong codes of this flow. Its holder is told of the others.
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

// latest is the last code of a flow, -1 where there is none.
func (a account) latest(flow string) int {
	for i, c := range slices.Backward(a.codes) {
		if c.flow == flow {
			return i
		}
	}
	return -1
}

func (a account) shown(i int, state string) answer {
	return answer{state: state, challenge: a.codes[i].id, left: a.codes[i].left()}
}

// send sends a code in place of the last one of the flow, if one may be sent.
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

// mayBeSent says whether the account may be sent a code: one of those that are kept for clients on which it was remembered, or one of
// the others. Codes of a later time, from before the clock was set back, count too.
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

// newPassword is kept only where the session that sets it took the second step, or the account is asked for none.
func (a account) newPassword(c call) (answer, account) {
	earned := slices.ContainsFunc(a.sessions, func(s session) bool {
		return s.step != "not_asked" && (s.begun == c.begun || c.begun == 0 && s.begun >= c.at-60*minute)
	})
	switch {
	case c.who.locked:
		return answer{state: "sign_in_again"}, a
	case !earned && c.who.email != "" && c.who.flag:
		return answer{state: "sign_in_again"}, a
	}
	a.devices, a.passwords = nil, a.passwords+1
	return answer{state: "passed"}, a
}
