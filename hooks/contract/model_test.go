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

// account is the state of one account in the model. It is immutable: each call makes a new one.
type account struct {
	codes     []code
	wrong     []wrong
	devices   []device
	sessions  []session
	answers   []answered
	passwords int // number of changes
}

// code is a code that was sent.
type code struct {
	id, digits, flow string
	on               facts
	tried            int
	sent             int64
	failed           int64 // when Nidan gave the mail up; 0: it did not
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

func (c code) ends() int64   { return c.unlessFailed(c.sent + codeHolds) }
func (c code) resend() int64 { return c.unlessFailed(c.sent + resendAfter) }
func (c code) left() int     { return tries - c.tried }

// unlessFailed is at, or the time at which the mail failed: from then on, another code may be sent.
func (c code) unlessFailed(at int64) int64 {
	if c.failed != 0 {
		return min(at, c.failed)
	}
	return at
}

// facts are the facts that a challenge is bound to.
type facts struct {
	person
	passwords int
}

// person is the account in Kratos.
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

// session is a sign-in that was let in.
type session struct {
	begun int64 // session.authenticated_at
	step  string
}

// answered is a call with its answer.
type answered struct {
	key string
	answer
	at int64
}

// answer is what a client can read in the hook's answer.
type answer struct {
	state     string
	challenge string // id; empty: none is shown
	left      int    // tries
	ends      int64  // from when the code is not accepted
	resend    int64  // from when the next code may be sent; 0: later, because of the account's limits
	told      int    // how many wrong codes are reported to the holder, in the mail or on the page
}

// drawn are the random values of a code.
type drawn struct{ id, digits string }

// call is one call of Kratos, or one action of an administrator.
type call struct {
	what    string // "login", "password" or "clear"
	account string
	at      int64 // the clock's time in the transaction

	flow     string
	channel  string
	who      person
	code     string
	action   string
	remember bool
	token    string // of the client's device
	begun    int64  // session.authenticated_at, the same in repeats. For a password: of the session that sets it; 0: Kratos does not say
	drawn    drawn
}

// key is the key of the call; repeats have the same key.
func (c call) key() string { return fmt.Sprint(c.flow, " ", c.begun) }

// given is the device token of a challenge, for clients without cookies.
func given(challenge string) string { return "given with " + challenge }

// compare sorts the parts of an account, so that two independent calls lead to an equal account in both orders.
func (w wrong) compare(o wrong) int       { return cmp.Compare(w.at, o.at) }
func (s session) compare(o session) int   { return cmp.Compare(s.begun, o.begun) }
func (a answered) compare(o answered) int { return cmp.Compare(a.key, o.key) }

// with returns a sorted copy of all with one more.
func with[T interface{ compare(T) int }](all []T, one T) []T {
	i, _ := slices.BinarySearchFunc(all, one, T.compare)
	return slices.Insert(slices.Clip(all), i, one)
}

// answerTo is the index of the first answer to a call, and whether there is one.
func (a account) answerTo(c call) (int, bool) {
	return slices.BinarySearchFunc(a.answers, answered{key: c.key()}, answered.compare)
}

// after returns the answer to a call, and the account after it.
func (a account) after(c call) (answer, account) {
	switch c.what {
	case "password":
		return a.newPassword(c)
	case "clear":
		a.wrong = nil
		return answer{state: "done"}, a
	}
	if i, there := a.answerTo(c); there {
		return a.answers[i].answer, a
	}
	out, a := a.signIn(c)
	first := out
	first.told = 0 // a repeat sends nothing and records nothing
	a.answers = with(a.answers, answered{c.key(), first, c.at})
	return out, a
}

// purged is the account without old data, which the program deletes every hour.
func (a account) purged(at int64) account {
	before := at - day
	a.codes = slices.DeleteFunc(slices.Clone(a.codes), func(c code) bool { return c.ends() < before })
	a.answers = slices.DeleteFunc(slices.Clone(a.answers), func(f answered) bool { return f.at < before })
	return a
}
