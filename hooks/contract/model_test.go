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
	failed           int64 // when it became known that its mail will never be sent; 0: never
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

// unlessFailed is a time, or when the mail failed: nobody can have the code then, and another one may be sent.
func (c code) unlessFailed(at int64) int64 {
	if c.failed != 0 {
		return min(at, c.failed)
	}
	return at
}

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
	at int64
}

// answer is what a client learns of the hook's answer.
type answer struct {
	state     string
	challenge string // id; empty: none is shown
	left      int    // tries
	ends      int64  // when its code is no longer accepted
	resend    int64  // when the next one may be sent; 0: later, because of the account's limits
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

// answerTo is where the first answer to a call is, and whether there is one.
func (a account) answerTo(c call) (int, bool) {
	return slices.BinarySearchFunc(a.answers, answered{key: c.key()}, answered.compare)
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
	if i, there := a.answerTo(c); there {
		return a.answers[i].answer, a
	}
	out, a := a.signIn(c)
	first := out
	first.told = 0 // a repeat sends nothing, and records nothing
	a.answers = with(a.answers, answered{c.key(), first, c.at})
	return out, a
}

// purged is the account without what is too old to matter, as the program forgets it every hour.
func (a account) purged(at int64) account {
	before := at - day
	a.codes = slices.DeleteFunc(slices.Clone(a.codes), func(c code) bool { return c.ends() < before })
	a.answers = slices.DeleteFunc(slices.Clone(a.answers), func(f answered) bool { return f.at < before })
	return a
}
