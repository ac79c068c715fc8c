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
	Token    string            // bearer token (RFC 6750); empty: none
	Labels   map[string]string // of every event: who sends it
	MinDelay time.Duration     // between one upload and the next; it is chosen at random between the two, and grows with failures
	MaxDelay time.Duration
}

// Log sends decisions. It is safe for concurrent use.
type Log struct {
	config  Config
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
	return &Log{
		config: c, log: log, waiting: make(chan Entry, mostWaiting),
		client: &http.Client{
			Timeout: uploadWithin,
			// Who signs in, and the token, are for the one who is configured.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

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

// batch is some decisions on their way: the first n of those pending, compressed.
type batch struct {
	n    int
	body []byte
}

// sendAll sends what waits, and says whether all of it could be sent.
func (l *Log) sendAll(ctx context.Context) bool {
	for {
		l.take()
		b := l.next()
		if b == nil {
			if len(l.waiting) == 0 {
				return true
			}
			continue // all that was taken was too large
		}
		if !l.send(ctx, b) {
			return false
		}
		l.forget(b.n)
	}
}

// take encodes what waits, up to what is compressed at once.
func (l *Log) take() {
	size := 0
	for _, raw := range l.pending {
		size += len(raw)
	}
	for size < batchBytes {
		select {
		case e := <-l.waiting:
			raw, err := e.encode(l.config.Labels)
			if err != nil {
				l.drop("a decision cannot be encoded for the decision log", len(raw), err)
				continue
			}
			l.pending = append(l.pending, raw)
			l.taken.Add(1)
			size += len(raw)
		default:
			return
		}
	}
}

// next is a batch of those pending, nil where there are none. How far they compress is not known before: it is tried with fewer.
func (l *Log) next() *batch {
	for n := len(l.pending); n > 0; {
		body, err := compressed(l.pending[:n])
		switch {
		case err == nil && len(body) <= uploadBytes:
			return &batch{n, body}
		case err == nil && n > 1:
			n /= 2
		default:
			l.drop("a decision is too large for the decision log", len(l.pending[0]), err)
			l.forget(1)
			n = len(l.pending)
		}
	}
	return nil
}

func (l *Log) forget(n int) {
	l.pending = l.pending[n:]
	l.taken.Add(int64(-n))
}

func (l *Log) drop(why string, size int, err error) {
	l.dropped.Add(1)
	l.log.Warn(why, "bytes", size, "err", err)
}

// dropRest counts what the program ends with: nobody sends it any more.
func (l *Log) dropRest() {
	rest := len(l.pending)
	l.forget(rest)
	for {
		select {
		case <-l.waiting:
			rest++
			continue
		default:
		}
		break
	}
	if rest > 0 {
		l.dropped.Add(int64(rest))
		l.log.Error("decisions were dropped from the decision log: the program ends", "decisions", rest)
	}
}
