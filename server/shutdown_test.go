package server

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// doors are two listeners that are served until the test stops the program.
type doors struct {
	t             *testing.T
	public, hooks net.Listener
	shutdown      *Shutdown
	stop          func()
	ended         chan error
}

func open(t *testing.T, s *Shutdown, public, hooks http.Handler) *doors {
	t.Helper()
	d := &doors{t: t, public: listen(t), hooks: listen(t), shutdown: s, ended: make(chan error, 1)}
	ctx, stop := context.WithCancel(t.Context())
	d.stop = stop
	s.Log = quiet
	go func() { d.ended <- s.Serve(ctx, Door{d.public, public}, Door{d.hooks, hooks}) }()
	return d
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func (d *doors) isShut(l net.Listener) {
	d.t.Helper()
	d.comes("nobody listens at "+l.Addr().String(), func() bool {
		c, err := net.Dial("tcp", l.Addr().String())
		if err == nil {
			c.Close()
		}
		return err != nil
	})
}

func (d *doors) comes(what string, holds func() bool) {
	d.t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			d.t.Fatal("waited in vain until: " + what)
		}
	}
}

func (d *doors) hasEnded() {
	d.t.Helper()
	if err := <-d.ended; err != nil {
		d.t.Error(err)
	}
}

// said returns the answer to one request, on a connection of its own.
func said(l net.Listener, path string) string {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Post("http://"+l.Addr().String()+path, "text/plain", nil)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body) + errorText(err)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return " " + err.Error()
}

var answers = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "answered") })

// held returns a handler that reports each request on came, and answers it when let gets a value.
func held(next http.Handler) (h http.Handler, came, let chan struct{}) {
	came, let = make(chan struct{}, 100), make(chan struct{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		came <- struct{}{}
		<-let
		next.ServeHTTP(w, r)
	}), came, let
}

func TestWhoSignsInWhileItStopsIsAnswered(t *testing.T) {
	var hooks net.Listener
	// Kratos calls the hook while it handles a request that was passed on to it.
	public, came, let := held(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, said(hooks, "/hooks/login/after-password"))
	}))
	d := open(t, &Shutdown{}, public, answers)
	hooks = d.hooks
	const people = 12
	got := make(chan string, people)
	for range people {
		go func() { got <- said(d.public, "/self-service/login") }()
		<-came
	}
	d.stop()
	d.isShut(d.public)
	close(let)
	for range people {
		if s := <-got; s != "answered" {
			t.Errorf("somebody who was signing in got %q", s)
		}
	}
	d.hasEnded()
	d.isShut(d.hooks)
}

// A sign-in through Kratos' own port is not seen before Kratos calls the hook.
func TestACallThatComesAfterThePublicListenerHasClosedIsAnswered(t *testing.T) {
	d := open(t, &Shutdown{Linger: time.Hour}, answers, answers)
	d.stop()
	d.isShut(d.public)
	time.Sleep(300 * time.Millisecond) // a listener that does not linger would have closed in this time
	if s := said(d.hooks, "/hooks/login/after-password"); s != "answered" {
		t.Errorf("the call got %q", s)
	}
}

func TestACallUnderWayWhenTheHooksListenerClosesIsAnswered(t *testing.T) {
	hooks, came, let := held(answers)
	d := open(t, &Shutdown{}, answers, hooks)
	got := make(chan string)
	go func() { got <- said(d.hooks, "/other") }() // a call that the hooks' listener does not wait for
	<-came
	d.stop()
	d.isShut(d.hooks)
	close(let)
	if s := <-got; s != "answered" {
		t.Errorf("the call got %q", s)
	}
	d.hasEnded()
}

func TestDuringTheNoticeAllIsAnsweredOnConnectionsThatEnd(t *testing.T) {
	d := open(t, &Shutdown{Notice: time.Hour}, answers, answers)
	for _, stopping := range []bool{false, true} {
		if stopping {
			d.stop()
			d.comes("it says that it is stopping", d.shutdown.Begun)
		}
		for _, l := range []net.Listener{d.public, d.hooks} {
			answer, err := http.Get("http://" + l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.Close != stopping {
				t.Errorf("stopping: %v, the connection is to end: %v", stopping, answer.Close)
			}
		}
	}
}

func TestAConnectionWithoutARequestDoesNotHoldItUp(t *testing.T) {
	d := open(t, &Shutdown{}, answers, answers)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for _, l := range []net.Listener{d.public, d.hooks} {
		answer, err := client.Get("http://" + l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	d.stop()
	if err := <-d.ended; err != nil { // an error would mean that the request was held up and cut off
		t.Error(err)
	}
}

// The test proves itself: if nothing were cut off, it would not end.
func TestARequestThatDoesNotEndIsCutOff(t *testing.T) {
	t.Parallel()
	came, cut := make(chan struct{}), make(chan struct{})
	d := open(t, &Shutdown{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(came)
		<-r.Context().Done()
		close(cut)
	}), answers)
	go said(d.public, "/")
	<-came
	d.stop()
	<-cut
	d.hasEnded()
}

func TestADoorThatFailsEndsBoth(t *testing.T) {
	d := open(t, &Shutdown{}, answers, answers)
	d.public.Close()
	if err := <-d.ended; err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	d.isShut(d.hooks)
}

func TestTheHooksListenerWaitsForSilence(t *testing.T) {
	for name, tc := range map[string]struct {
		calls []time.Duration // when each call begins; a call takes half a second
		want  time.Duration
	}{
		"nobody calls":                       {nil, 2 * time.Second},
		"one call, and two seconds after it": {[]time.Duration{time.Second}, 3500 * time.Millisecond},
		"calls that never cease":             {[]time.Duration{1, 2e9, 3e9, 4e9, 5e9, 6e9, 7e9, 8e9, 9e9, 10e9, 11e9}, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, since := newCalls(), time.Now()
				var all sync.WaitGroup
				defer all.Wait()
				for _, at := range tc.calls {
					all.Go(func() {
						time.Sleep(at)
						h := c.counted(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(500 * time.Millisecond) }))
						h.ServeHTTP(nil, httptest.NewRequest(http.MethodPost, "/hooks/login/after-password", nil))
					})
				}
				c.awaitSilence(t.Context(), 2*time.Second, 10*time.Second)
				if took := time.Since(since); took != tc.want {
					t.Errorf("it waited %v, want %v", took, tc.want)
				}
			})
		})
	}
}

func TestThoseWhoWatchAreNoCalls(t *testing.T) {
	c := newCalls()
	for path, want := range map[string]int64{"/readyz": 0, "/metrics": 0, "/hooks/login/after-password": 1} {
		c.counted(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			if got := c.underWay.Load(); got != want {
				t.Errorf("%s: %d under way, want %d", path, got, want)
			}
		})).ServeHTTP(nil, httptest.NewRequest(http.MethodPost, path, nil))
	}
}
