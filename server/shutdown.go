package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// lingerAtMost is how long the hooks' listener stays open at most after the public one has closed, even if calls still come.
const lingerAtMost = 10 * time.Second

// Shutdown serves the two listeners, and stops them in an order in which no sign-in is refused. A sign-in that came through the
// public listener is passed on to Kratos, and Kratos then calls the hooks' listener. So the hooks' listener closes last.
//
// Each step has a time limit: the notice has Notice, each listener has 10 seconds to finish its requests, and the wait between the
// two has 10 seconds.
type Shutdown struct {
	Notice time.Duration // how long both listeners stay open after /readyz has begun to say that the program stops
	Linger time.Duration // how long no call may have come, after the public listener has closed, before the hooks' listener closes
	Log    *slog.Logger

	begun atomic.Bool
}

// Door is a listener and its handler.
type Door struct {
	net.Listener
	http.Handler
}

// Begun says whether the program is stopping.
func (s *Shutdown) Begun() bool { return s.begun.Load() }

// Serve serves both listeners until ctx ends, and then closes them. It returns when both are closed.
func (s *Shutdown) Serve(ctx context.Context, public, hooks Door) error {
	doors, failed := errgroup.WithContext(context.WithoutCancel(ctx))
	publicOpen, closePublic := context.WithCancel(failed)
	hooksOpen, closeHooks := context.WithCancel(failed)
	seen, drained := newCalls(), make(chan struct{})
	doors.Go(func() error {
		defer close(drained)
		return s.serve(publicOpen, public.Listener, s.announced(public.Handler))
	})
	doors.Go(func() error { return s.serve(hooksOpen, hooks.Listener, s.announced(seen.counted(hooks.Handler))) })
	doors.Go(func() error {
		defer closePublic()
		defer closeHooks()
		select {
		case <-ctx.Done():
		case <-failed.Done():
			return nil
		}
		s.begun.Store(true)
		s.Log.InfoContext(ctx, "nidan is stopping; a second signal ends it at once", "notice", s.Notice, "linger", s.Linger)
		select {
		case <-time.After(s.Notice):
		case <-failed.Done():
		}
		closePublic()
		<-drained
		seen.awaitSilence(failed, s.Linger, lingerAtMost)
		return nil
	})
	return doors.Wait()
}

func (s *Shutdown) serve(ctx context.Context, l net.Listener, h http.Handler) error {
	err := Serve(ctx, l, h)
	if errors.Is(err, errCutOff) {
		s.Log.WarnContext(ctx, "requests were cut off, because they did not end in time", "address", l.Addr().String(), "limit", drainWithin)
		return nil
	}
	return err
}

// announced tells clients, once the program is stopping, not to use their connection again. A request that a client sends at the
// moment when an idle connection is closed would be lost.
func (s *Shutdown) announced(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Begun() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// calls counts the running calls from Kratos. Requests from monitoring do not count, because they never stop.
type calls struct {
	underWay atomic.Int64
	changed  chan struct{} // gets a value after a call has begun or ended, possibly with a delay
}

func newCalls() *calls { return &calls{changed: make(chan struct{}, 1)} }

func (c *calls) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/hooks/") {
			c.add(1)
			defer c.add(-1)
		}
		h.ServeHTTP(w, r)
	})
}

func (c *calls) add(n int64) {
	c.underWay.Add(n)
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// awaitSilence waits until no call has been running for the time silence, but not longer than atMost.
func (c *calls) awaitSilence(ctx context.Context, silence, atMost time.Duration) {
	end := time.After(atMost)
	for {
		var silent <-chan time.Time
		if c.underWay.Load() == 0 {
			silent = time.After(silence)
		}
		select {
		case <-silent:
			return
		case <-c.changed:
		case <-end:
			return
		case <-ctx.Done():
			return
		}
	}
}
