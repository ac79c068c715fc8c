package mail

import (
	"sync"
	"time"
)

// Trouble says what keeps mails from being sent: the server cannot be reached, does not accept the password, has a certificate that
// is not trusted, or accepts no mail. It is what this process has met. Other processes on the same database may not have met it yet.
type Trouble struct {
	Since  time.Time
	Reason string // one of [Reasons]
	Err    error  // contains neither a receiver's address nor a code
}

// Away says whether the server cannot be used at all. Mails wait meanwhile.
func (t Trouble) Away() bool { return t.Reason != ReasonRefused }

const (
	// mostBetween is the longest pause between two tries while mails wait, because people wait for their codes.
	mostBetween = 5 * time.Second
	// askEvery is the pause between two checks while no mail waits. Without these checks, a trouble that is over would be shown until
	// somebody signs in.
	askEvery = 10 * time.Second
	// askAuthEvery replaces askEvery if the server does not accept the password: many servers count such tries and lock the user out.
	askAuthEvery = time.Minute
)

// troubles keeps what is known about the server. While the server cannot be used, only one mail at a time is tried, after pauses of
// 1, 2, 4, 5, 5, … seconds.
type troubles struct {
	mu      sync.Mutex
	away    *Trouble // nil: the server can be used
	refuses *Trouble // the newest mails were refused for a reason that is not the receiver; nil: they were not
	wait    time.Duration
	until   time.Time
	asked   time.Time // when the server last could not be used
}

func (p *troubles) current() *Trouble {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away != nil {
		return p.away
	}
	return p.refuses
}

// room returns how many of n mails may be tried now, while underWay mails are being sent.
func (p *troubles) room(n, underWay int, now time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.away == nil:
		return n
	case underWay > 0 || p.resting(now):
		return 0
	}
	return min(n, 1)
}

func (p *troubles) resting(now time.Time) bool {
	return now.Before(p.until) && p.until.Sub(now) <= mostBetween // a longer rest means that the clock was set back
}

// ask says whether to check the server now, although no mail waits.
func (p *troubles) ask(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away == nil || p.resting(now) {
		return false
	}
	every := askEvery
	if p.away.Reason == ReasonAuth {
		every = askAuthEvery
	}
	if !now.Before(p.asked) && now.Sub(p.asked) < every {
		return false
	}
	p.asked = now
	return true
}

// isAway notes that the server cannot be used. It says whether this is new, and returns when to try again.
func (p *troubles) isAway(reason string, err error, now time.Time) (news bool, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away == nil {
		p.wait = time.Second / 2
	}
	news = p.away == nil || p.away.Reason != reason
	p.away, p.asked = goesOn(p.away, reason, err, now), now
	if !now.Before(p.until) { // of several mails that fail at the same time, only the first one makes the pause longer
		p.wait = min(2*p.wait, mostBetween)
		p.until = now.Add(p.wait)
	}
	return news, p.until
}

// refused notes that the server accepts no mail, for any receiver. It says whether this is new.
func (p *troubles) refused(err error, now time.Time) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	news = p.refuses == nil
	p.refuses = goesOn(p.refuses, ReasonRefused, err, now)
	return news
}

// goesOn returns a trouble with the time since the trouble t began, or now if t is nil.
func goesOn(t *Trouble, reason string, err error, now time.Time) *Trouble {
	if t != nil {
		now = t.Since
	}
	return &Trouble{Since: now, Reason: reason, Err: err}
}

// answered notes that the server can be used, and returns the trouble that is over by this, or nil if there was none.
func (p *troubles) answered() (over *Trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	over, p.away = p.away, nil
	return over
}

// took notes that the server has accepted a mail, and returns the trouble that is over by this, or nil if there was none.
func (p *troubles) took() (over *Trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	over = p.away
	if over == nil {
		over = p.refuses
	}
	p.away, p.refuses = nil, nil
	return over
}
