package server

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// memory is a listener within this process. The test runs in simulated time, so that a busy machine cannot change the result.
type memory struct {
	waiting chan net.Conn
	once    sync.Once
	closed  chan struct{}
}

func newMemory() *memory { return &memory{waiting: make(chan net.Conn), closed: make(chan struct{})} }

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.waiting:
		return c, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error   { m.once.Do(func() { close(m.closed) }); return nil }
func (m *memory) Addr() net.Addr { return &net.TCPAddr{} }

// dial returns an error if nobody listens any more.
func (m *memory) dial() (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case m.waiting <- there:
		return here, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

type replica struct {
	public, hooks *memory
	stop          func()
	ended         chan error
	answered      atomic.Int64
}

// runReplica runs a replica whose calls take some time, each call a different one.
func runReplica(t *testing.T, notice time.Duration) *replica {
	t.Helper()
	r := &replica{public: newMemory(), hooks: newMemory(), ended: make(chan error, 1)}
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Duration(rand.Int64N(int64(300 * time.Millisecond))))
		r.answered.Add(1)
		w.WriteHeader(http.StatusNoContent)
	})
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	s := &Shutdown{Notice: notice, Linger: time.Second, Log: quiet}
	go func() { r.ended <- s.Serve(ctx, Door{r.public, slow}, Door{r.hooks, slow}) }()
	return r
}

// caller sends calls on one connection without a pause, as Kratos and reverse proxies do. If an answer says that the connection
// closes, or if the dial fails, the caller uses the next replica. If a connection ends without an answer, the call is lost.
type caller struct {
	doors []*memory
	at    int
	conn  net.Conn
	lines *bufio.Reader
}

func (c *caller) call(path string) error {
	for tries := 0; c.conn == nil; tries++ {
		if tries == len(c.doors) {
			return fmt.Errorf("nobody listens")
		}
		conn, err := c.doors[c.at].dial()
		if err != nil {
			c.at = (c.at + 1) % len(c.doors)
			continue
		}
		c.conn, c.lines = conn, bufio.NewReader(conn)
	}
	if _, err := fmt.Fprintf(c.conn, "POST %s HTTP/1.1\r\nHost: nidan\r\nContent-Length: 0\r\n\r\n", path); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	answer, err := http.ReadResponse(c.lines, nil)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if answer.StatusCode != http.StatusNoContent {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	if answer.Close {
		c.conn.Close()
		c.conn, c.at = nil, (c.at+1)%len(c.doors)
	}
	return nil
}

// One of two replicas is stopped while callers go on, and the other one takes over.
func TestNoCallIsLostWhileAnotherReplicaTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := runReplica(t, time.Second), runReplica(t, time.Second)
		end := time.Now().Add(10 * time.Second)
		var all sync.WaitGroup
		for i := range 40 {
			doors, path := []*memory{first.hooks, second.hooks}, "/hooks/login"
			if i%2 == 0 {
				doors, path = []*memory{first.public, second.public}, "/self-service/login"
			}
			all.Go(func() {
				c := &caller{doors: doors, at: i / 2 % 2}
				for time.Now().Before(end) {
					if err := c.call(path); err != nil {
						t.Errorf("a call of %s is lost: %v", path, err)
						return
					}
					time.Sleep(time.Duration(rand.Int64N(int64(100 * time.Millisecond))))
				}
				if c.conn != nil {
					c.conn.Close()
				}
			})
		}
		time.Sleep(3 * time.Second)
		first.stop()
		if err := <-first.ended; err != nil {
			t.Error(err)
		}
		stopped, before := first.answered.Load(), second.answered.Load()
		all.Wait()
		if first.answered.Load() != stopped || stopped == 0 || second.answered.Load() < before+100 {
			t.Errorf("the first answered %d and the second %d, of which %d before the first had stopped", first.answered.Load(), second.answered.Load(), before)
		}
		second.stop()
		if err := <-second.ended; err != nil {
			t.Error(err)
		}
	})
}
