package mail

import (
	"sync"
	"time"
)

// Trouble is that no mail can be handed over at all: the server is away, does not take the password, or has a certificate that nobody
// vouches for. Mails wait meanwhile.
type Trouble struct {
	Since time.Time
	Err   error // names neither a receiver nor a code
}

// mostBetween is how long at most nobody asks whether the server is back: people wait.
const mostBetween = 5 * time.Second

// pause keeps all mails from being tried one after the other while none can be handed over. One at a time is tried, after 1, 2, 4, 5,
// 5, … seconds.
type pause struct {
	mu      sync.Mutex
	trouble *Trouble // nil: none
	wait    time.Duration
	until   time.Time
}

// room is how many of n mails may be tried now, with some under way.
func (p *pause) room(n, underWay int, now time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.trouble == nil:
		return n
	case underWay > 0 || now.Before(p.until) && p.until.Sub(now) <= mostBetween: // otherwise the clock was set back
		return 0
	}
	return min(n, 1)
}

// begin notes that the server is not to be had. It says whether that is news, and when to try again.
func (p *pause) begin(err error, now time.Time) (news bool, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	news = p.trouble == nil
	if news {
		p.trouble, p.wait = &Trouble{Since: now}, time.Second/2
	}
	p.trouble = &Trouble{Since: p.trouble.Since, Err: err}
	if !now.Before(p.until) { // of those that were under way together, the first one counts
		p.wait = min(2*p.wait, mostBetween)
		p.until = now.Add(p.wait)
	}
	return news, p.until
}

// end notes that the server takes mails, and returns the trouble that is over; nil: there was none.
func (p *pause) end() (over *Trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	over, p.trouble = p.trouble, nil
	return over
}
