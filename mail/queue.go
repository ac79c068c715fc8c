package mail

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"nidan/challenge"
)

// Queue takes codes out of the store's outbox and keeps at it, across restarts, until each is sent or of no more use.
type Queue struct {
	outbox   Outbox
	keys     *challenge.Keyring
	sender   *sender
	most     int // mails under way at once
	now      func() time.Time
	log      *slog.Logger
	troubles troubles

	mu       sync.Mutex
	underWay map[string]bool  // by challenge
	ended    map[string]int64 // mails by how they ended, as the records name it
	all      sync.WaitGroup   // of what is under way
	freed    chan struct{}    // gets a value, some time after one of them has ended
	quit     chan struct{}
	stopped  chan struct{}
}

const (
	// heldFor is how long a mail that is under way is kept from others. It is renewed meanwhile: after a crash nobody knows whether the
	// mail went out, and it is sent when this time is over. Sent twice is better than never.
	heldFor = 5 * time.Second
	// lookEvery is how often mails are looked for that nobody told of: those to be tried again, and those of a process that died.
	lookEvery = 250 * time.Millisecond
)

// NewQueue returns a queue that sends between Start and Stop. It refuses a configuration that no mail could be sent with.
func NewQueue(outbox Outbox, keys *challenge.Keyring, c Config, now func() time.Time, log *slog.Logger) (*Queue, error) {
	s, err := newSender(c)
	if err != nil {
		return nil, fmt.Errorf("set the mail up: %w", err)
	}
	return &Queue{
		outbox: outbox, keys: keys, sender: s, most: c.SMTP.Connections, now: now, log: log,
		underWay: make(map[string]bool), ended: make(map[string]int64),
		freed: make(chan struct{}, 1), quit: make(chan struct{}), stopped: make(chan struct{}),
	}, nil
}

// Start begins sending, which goes on until Stop. It is called once. The server is asked at once, so that a wrong configuration is told
// before the first person waits for a code.
func (q *Queue) Start() {
	go q.ask() // which Stop does not wait for
	go q.run()
}

// Stop lets mails under way go out, for as long as ctx lasts. What waits stays in the outbox.
func (q *Queue) Stop(ctx context.Context) error {
	select {
	case <-q.quit:
	default:
		close(q.quit)
	}
	select {
	case <-q.stopped:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop the mail queue: %w", ctx.Err())
	}
}

// Trouble is what keeps mails from being handed over; nil: nothing does, as far as is known.
func (q *Queue) Trouble() *Trouble { return q.troubles.current() }

// Away says whether the server is not to be had, so that mails wait.
func (q *Queue) Away() bool {
	t := q.Trouble()
	return t != nil && t.Away()
}

// Ended is how many mails have ended since the start, by how they did: "sent", "dropped", "refused" or "given_up".
func (q *Queue) Ended() map[string]int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	counted := make(map[string]int64)
	for _, kind := range []string{recordSent, recordDropped, recordRefused, recordGivenUp} {
		counted[strings.TrimPrefix(kind, "mail_")] = q.ended[kind]
	}
	return counted
}

func (q *Queue) run() {
	defer close(q.stopped)
	defer func() { q.sender.relay.Load().leave() }()
	look, hold := time.NewTicker(lookEvery), time.NewTicker(heldFor/4)
	defer look.Stop()
	defer hold.Stop()
	quit, done := q.quit, make(chan struct{})
	for {
		select {
		case <-q.outbox.Queued():
		case <-q.freed:
		case <-look.C:
		case <-hold.C:
			q.hold()
			q.sender.relay.Load().endIdle(time.Now())
			continue
		case <-quit:
			quit = nil
			go func() { q.all.Wait(); close(done) }()
		case <-done:
			return
		}
		if quit != nil {
			q.take()
		}
	}
}

// take takes as many mails as may be under way, and has each sent.
func (q *Queue) take() {
	ctx := context.Background()
	for {
		now, underWay := q.now(), q.howMany()
		n := q.troubles.room(q.most-underWay, underWay, now)
		if n <= 0 {
			return
		}
		taken, err := q.outbox.TakeMessages(ctx, now, now.Add(heldFor), n)
		if err != nil {
			q.log.WarnContext(ctx, "the mails to be sent could not be read, and will be later", "err", err)
			return
		}
		for _, o := range taken {
			q.begin(o)
		}
		if len(taken) == 0 && q.troubles.ask(now) {
			go q.ask()
		}
		if len(taken) < n {
			return
		}
	}
}

func (q *Queue) howMany() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.underWay)
}

func (q *Queue) count(kind string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended[kind]++
}

func (q *Queue) begin(o challenge.Outgoing) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.underWay[o.Challenge] = true
	q.all.Go(func() {
		defer q.end(o.Challenge)
		q.try(o)
	})
}

func (q *Queue) end(challenge string) {
	q.mu.Lock()
	delete(q.underWay, challenge)
	q.mu.Unlock()
	select {
	case q.freed <- struct{}{}:
	default:
	}
}

// hold keeps the mails under way from others for a little longer.
func (q *Queue) hold() {
	q.mu.Lock()
	underWay := slices.Collect(maps.Keys(q.underWay))
	q.mu.Unlock()
	if len(underWay) == 0 {
		return
	}
	if err := q.outbox.PutOffMessages(context.Background(), q.now().Add(heldFor), underWay...); err != nil {
		q.log.Warn("the mails under way could not be held, and may be sent twice", "err", err)
	}
}
