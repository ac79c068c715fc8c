package decisionlog

import (
	"bytes"
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
	// batchBytes bounds a batch before it is compressed; after that it is about OPA's usual 32 KiB.
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
	pending *batch // could not be sent yet; only Run has it

	sent, dropped, failures atomic.Int64
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
	return Stats{Sent: l.sent.Load(), Dropped: l.dropped.Load(), Failures: l.failures.Load(), Waiting: int64(len(l.waiting))}
}

// Run sends until ctx ends, and then once more what there is.
func (l *Log) Run(ctx context.Context) error {
	for failures := 0; ; {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWithin)
			defer cancel()
			l.sendAll(last)
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

// batch is some decisions on their way.
type batch struct {
	n    int
	body bytes.Buffer // a JSON array without its end
}

func (b *batch) add(e []byte) {
	b.n++
	if b.n == 1 {
		b.body.WriteByte('[')
	} else {
		b.body.WriteByte(',')
	}
	b.body.Write(e)
}

// sendAll sends what waits, and says whether all of it could be sent.
func (l *Log) sendAll(ctx context.Context) bool {
	for l.pending != nil || len(l.waiting) > 0 {
		if l.pending == nil {
			l.pending = l.next()
		}
		if l.pending == nil {
			continue // all that was taken was too large
		}
		if !l.send(ctx, l.pending) {
			return false
		}
		l.pending = nil
	}
	return true
}

// next is a batch of what waits, nil where nothing does.
func (l *Log) next() *batch {
	b := &batch{}
	for b.body.Len() < batchBytes {
		select {
		case e := <-l.waiting:
			raw, err := e.encode(l.config.Labels)
			if err != nil || len(raw) > batchBytes {
				l.dropped.Add(1)
				l.log.Warn("a decision is too large for the decision log", "bytes", len(raw), "err", err)
				continue
			}
			b.add(raw)
		default:
			if b.n == 0 {
				return nil
			}
			return b
		}
	}
	return b
}
