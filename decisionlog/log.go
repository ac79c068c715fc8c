package decisionlog

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// mostWaiting is how many decisions may wait, as in OPA's event buffer.
	mostWaiting = 10_000
	// uploadBytes is the greatest size of an upload, compressed. It is the default of OPA's upload_size_limit_bytes: collectors made for OPA
	// may refuse more.
	uploadBytes = 32 << 10
	// batchBytes is about how many bytes are compressed at once.
	batchBytes = 256 << 10
	// uploadWithin is the timeout of one upload.
	uploadWithin = 10 * time.Second
	// lastWithin is the timeout for all uploads when the program ends.
	lastWithin = 5 * time.Second
)

// Config says where decisions go.
type Config struct {
	URL      string            // /logs is added to it
	Token    string            // the first bearer token (RFC 6750); empty: none
	Labels   map[string]string // labels of every event, which name the sender
	MinDelay time.Duration     // the time between two uploads is random between MinDelay and MaxDelay; after failures it grows
	MaxDelay time.Duration
}

// Log sends decisions. It is safe for concurrent use.
type Log struct {
	config  Config
	token   atomic.Pointer[string]
	client  *http.Client
	log     *slog.Logger
	waiting chan Entry
	pending [][]byte // encoded, in order, not sent yet; only Run uses it

	sent, dropped, failures atomic.Int64
	taken                   atomic.Int64 // len(pending), for Stats
}

// New returns a log. It sends nothing before [Log.Run].
func New(c Config, log *slog.Logger) *Log {
	c.URL = strings.TrimSuffix(c.URL, "/") + "/logs"
	l := &Log{
		config: c, log: log, waiting: make(chan Entry, mostWaiting),
		client: &http.Client{
			Timeout: uploadWithin,
			// A redirect would send the token and the accounts' names to a server that is not configured.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	l.SetToken(c.Token)
	return l
}

// SetToken sets the token for the following uploads; empty: none.
func (l *Log) SetToken(token string) { l.token.Store(&token) }

// Add queues a decision to be sent later. It never waits: if the queue is full, it drops the decision.
func (l *Log) Add(e Entry) {
	select {
	case l.waiting <- e:
	default:
		l.dropped.Add(1)
	}
}

// Stats counts the decisions that were sent, were dropped or wait, and the uploads that failed.
type Stats struct {
	Sent     int64
	Dropped  int64
	Waiting  int64
	Failures int64 // of uploads
}

// Stats returns the counts up to now.
func (l *Log) Stats() Stats {
	return Stats{
		Sent: l.sent.Load(), Dropped: l.dropped.Load(), Failures: l.failures.Load(), Waiting: int64(len(l.waiting)) + l.taken.Load(),
	}
}

// Run sends decisions until ctx ends, and then once more all that wait.
func (l *Log) Run(ctx context.Context) error {
	for failures := 0; ; {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWithin)
			defer cancel()
			l.sendAll(last)
			l.dropRest()
			return nil
		case <-time.After(l.delay(failures)):
		}
		if failures++; l.sendAll(ctx) {
			failures = 0
		}
	}
}

func (l *Log) delay(failures int) time.Duration {
	d := l.config.MinDelay
	if failures > 0 {
		return min(d<<min(failures, 10), l.config.MaxDelay)
	}
	return d + rand.N(l.config.MaxDelay-d+1)
}
