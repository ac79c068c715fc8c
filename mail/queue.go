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

// Queue takes messages from the store's outbox and tries to send them until each one is sent or no longer needed. It goes on after a
// restart.
type Queue struct {
	outbox   Outbox
	keys     *challenge.Keyring
	sender   *sender
	most     int // maximum number of mails that are sent at once
	now      func() time.Time
	log      *slog.Logger
	troubles troubles

	mu       sync.Mutex
	underWay map[string]bool  // by challenge ID
	ended    map[string]int64 // how many mails have ended in this process, by the kind of their record
	all      sync.WaitGroup   // the goroutines that send mails
	freed    chan struct{}    // gets a value after a mail has ended, possibly with a delay
	quit     chan struct{}
	stopped  chan struct{}
}

const (
	// heldFor is how long a mail that is being sent is kept from other processes. The time is renewed while the mail is being sent.
	// After a crash, nobody knows whether the mail went out. So it is sent again when this time is over: the person may get the mail
	// twice, which is better than never.
	heldFor = 5 * time.Second
	// lookEvery is how often the queue looks for mails that Queued does not announce: mails that are due for another try, and mails
	// of a process that died.
	lookEvery = 250 * time.Millisecond
)

// NewQueue returns a queue that sends between Start and Stop. It returns an error if no mail could be sent with the configuration.
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

// Start starts sending. Call it once. It also connects to the server at once, so that a wrong configuration is reported before the
// first person waits for a code.
func (q *Queue) Start() {
	go q.ask() // Stop does not wait for this goroutine
	go q.run()
}

// Stop waits until the mails that are being sent have ended, but not longer than ctx. The other mails stay in the outbox.
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

// Trouble returns what keeps mails from being sent, or nil if no trouble is known.
func (q *Queue) Trouble() *Trouble { return q.troubles.current() }

// Away says whether the server cannot be used, so that all mails wait.
func (q *Queue) Away() bool {
	t := q.Trouble()
	return t != nil && t.Away()
}

// Ended returns how many mails have ended since the start, by how they ended: "sent", "dropped", "refused" or "given_up".
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

// take takes mails from the outbox, as many as may be sent now, and starts sending each of them.
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

// hold keeps the mails that are being sent from other processes for heldFor from now.
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
