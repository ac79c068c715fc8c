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
	// uploadBytes bounds an upload, compressed, as OPA's upload_size_limit_bytes does where nobody sets it: collectors made for OPA
	// may refuse more.
	uploadBytes = 32 << 10
	// batchBytes is about how much is compressed at once.
	batchBytes = 256 << 10
	// uploadWithin bounds one upload.
	uploadWithin = 10 * time.Second
	// lastWithin bounds what is sent when the program ends.
	lastWithin = 5 * time.Second
)

// Config says where decisions go.
type Config struct {
	URL      string            // /logs is added to it
	Token    string            // bearer token (RFC 6750) to begin with; empty: none
	Labels   map[string]string // of every event: who sends it
	MinDelay time.Duration     // between one upload and the next; it is chosen at random between the two, and grows with failures
	MaxDelay time.Duration
}

// Log sends decisions. It is safe for concurrent use.
type Log struct {
	config  Config
	token   atomic.Pointer[string]
	client  *http.Client
	log     *slog.Logger
	waiting chan Entry
	pending [][]byte // encoded, in order, not sent yet; only Run has it

	sent, dropped, failures atomic.Int64
	taken                   atomic.Int64 // len(pending), for those who only count
}

// New returns a log that sends nothing until it runs.
func New(c Config, log *slog.Logger) *Log {
	c.URL = strings.TrimSuffix(c.URL, "/") + "/logs"
	l := &Log{
		config: c, log: log, waiting: make(chan Entry, mostWaiting),
		client: &http.Client{
			Timeout: uploadWithin,
			// Who signs in, and the token, are for the one who is configured.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	l.SetToken(c.Token)
	return l
}

// SetToken has uploads show that token from now on; empty: none.
func (l *Log) SetToken(token string) { l.token.Store(&token) }

// Add sends a decision, some time later. It never waits: what is too much is dropped.
func (l *Log) Add(e Entry) {
	select {
	case l.waiting <- e:
	default:
		l.dropped.Add(1)
	}
}

// Stats are what became of the decisions.
type Stats struct {
	Sent     int64
	Dropped  int64
	Waiting  int64
	Failures int64 // of uploads
}

// Stats are those up to now.
func (l *Log) Stats() Stats {
	return Stats{
		Sent: l.sent.Load(), Dropped: l.dropped.Load(), Failures: l.failures.Load(), Waiting: int64(len(l.waiting)) + l.taken.Load(),
	}
}

// Run sends until ctx ends, and then once more what there is.
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
