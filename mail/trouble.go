package mail

import (
	"sync"
	"time"
)

// Trouble is what keeps codes from reaching anybody: the server is away, does not take the password, has a certificate that nobody
// vouches for, or takes no mails. It is what this process has met: others that share the database may not have met it yet.
type Trouble struct {
	Since  time.Time
	Reason string // one of [Reasons]
	Err    error  // names neither a receiver nor a code
}

// Away says whether the server is not to be had at all. Mails wait meanwhile.
func (t Trouble) Away() bool { return t.Reason != ReasonRefused }

const (
	// mostBetween is how long at most nobody asks whether the server is back: people wait.
	mostBetween = 5 * time.Second
	// askEvery is how often that is asked where no mail waits, so that a trouble that is over is not shown until somebody signs in.
	askEvery = 10 * time.Second
	// askAuthEvery is askEvery for a server that does not take the password: many count such tries, and lock the user out.
	askAuthEvery = time.Minute
)

// troubles keeps what is known of the server. While it is away, mails are not tried one after the other: one at a time is, after 1, 2,
// 4, 5, 5, … seconds.
type troubles struct {
	mu      sync.Mutex
	away    *Trouble // nil: none
	refuses *Trouble // the newest mails were refused, and not for their receivers; nil: none
	wait    time.Duration
	until   time.Time
	asked   time.Time // when the server was last found away
}

// current is the trouble there is; nil: none.
func (p *troubles) current() *Trouble {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away != nil {
		return p.away
	}
	return p.refuses
}

// room is how many of n mails may be tried now, with some under way.
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
	return now.Before(p.until) && p.until.Sub(now) <= mostBetween // otherwise the clock was set back
}

// ask says whether the server is to be asked whether it is back, although no mail waits.
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

// isAway notes that the server is not to be had. It says whether that is news, and when to try again.
func (p *troubles) isAway(reason string, err error, now time.Time) (news bool, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away == nil {
		p.wait = time.Second / 2
	}
	news = p.away == nil || p.away.Reason != reason
	p.away, p.asked = goesOn(p.away, reason, err, now), now
	if !now.Before(p.until) { // of those that were under way together, the first one counts
		p.wait = min(2*p.wait, mostBetween)
		p.until = now.Add(p.wait)
	}
	return news, p.until
}

// refused notes that the server takes no mails, whoever they are for. It says whether that is news.
func (p *troubles) refused(err error, now time.Time) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	news = p.refuses == nil
	p.refuses = goesOn(p.refuses, ReasonRefused, err, now)
	return news
}

// goesOn is a trouble that began now, or before.
func goesOn(t *Trouble, reason string, err error, now time.Time) *Trouble {
	if t != nil {
		now = t.Since
	}
	return &Trouble{Since: now, Reason: reason, Err: err}
}

// answered notes that the server is to be had, and returns the trouble that is over; nil: there was none.
func (p *troubles) answered() (over *Trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	over, p.away = p.away, nil
	return over
}

// took notes that the server has taken a mail, and returns the trouble that is over; nil: there was none.
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
