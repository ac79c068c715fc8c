package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// gate is a proxy in front of Nidan's hooks. It makes calls wait until it is opened.
type gate struct {
	url  string
	came chan struct{}
	open func()
}

func newGate(t *testing.T, to string) *gate {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	opened := make(chan struct{})
	g := &gate{came: make(chan struct{}, 100), open: sync.OnceFunc(func() { close(opened) })}
	proxy := httputil.NewSingleHostReverseProxy(u)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.came <- struct{}{}
		<-opened
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(g.open)
	g.url = server.URL
	return g
}

// tell sends a signal to the first process.
func (n *nidan) tell(signal syscall.Signal) {
	n.t.Helper()
	if err := n.processes[0].cmd.Process.Signal(signal); err != nil {
		n.t.Fatal(err)
	}
}

// closesToBrowsers waits until the first process accepts no more connections from browsers.
func (n *nidan) closesToBrowsers() {
	n.t.Helper()
	n.eventually("the public listener is closed", func() bool {
		c, err := net.Dial("tcp", n.processes[0].public)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
}

// Kratos has checked the passwords of twelve people when Nidan is told to stop. Only then, it calls Nidan.
func TestWhoIsSigningInWhenNidanIsStoppedIsAnswered(t *testing.T) {
	const people = 12
	for name, through := range map[string]func(n *nidan, i int) string{
		"through Nidan":       func(n *nidan, _ int) string { return n.public },
		"at Kratos' own port": func(*nidan, int) string { return kratosPublic },
		"in both ways":        func(n *nidan, i int) string { return []string{n.public, kratosPublic}[i%2] },
	} {
		t.Run(name, func(t *testing.T) {
			n := startedOn(t, shared{}, "NIDAN_SHUTDOWN_LINGER=5s")
			g := newGate(t, n.hooks)
			theRelay.set(g.url, 0, "")
			ended := make(chan string, people)
			for i := range people {
				s := newSignIn(t, account(t, nil))
				address := through(n, i)
				go func() { ended <- s.endingAt(address) }()
			}
			for range people {
				<-g.came
			}
			n.tell(syscall.SIGTERM)
			n.closesToBrowsers()
			g.open()
			for range people {
				if got := <-ended; got != asked {
					t.Errorf("somebody who was signing in is told %q, want %q", got, asked)
				}
			}
			_ = n.processes[0].cmd.Wait()
			if code := n.processes[0].cmd.ProcessState.ExitCode(); code != 0 {
				t.Errorf("it ended with %d:\n%s", code, n.log)
			}
			n.start() // for the mails that were not sent yet
			n.mailed()
			if got := len(n.mailbox.Messages()); got != people {
				t.Errorf("%d codes were mailed, want %d", got, people)
			}
		})
	}
}

// endingAt submits at an address of Kratos' public API, and says how the sign-in ended.
func (s *signIn) endingAt(address string) string {
	var r reply
	body := s.body(map[string]any{"two_factor": map[string]any{"client": map[string]any{"name": "softphone", "version": "3.5.0"}}})
	_, said, err := ask(s.t.Context(), http.MethodPost, address+"/self-service/login?flow="+s.flow, body, nil)
	if err == nil {
		err = json.Unmarshal(said, &r)
	}
	if err != nil {
		return fmt.Sprintf("%v: %s", err, said)
	}
	if r.ending() == byKratos {
		return byKratos + ": " + string(said)
	}
	return r.ending()
}

func TestReadyzSaysFirstThatItIsStopping(t *testing.T) {
	n := startedOn(t, shared{}, "NIDAN_SHUTDOWN_NOTICE=1m")
	plain := account(t, off)
	n.tell(syscall.SIGTERM)
	n.eventually("it says that it is stopping", func() bool {
		status, said, err := ask(t.Context(), http.MethodGet, n.hooks+"/readyz", "", nil)
		return err == nil && status == http.StatusServiceUnavailable && string(said[:8]) == "stopping"
	})
	by(t, n.public)
	newSignIn(t, plain).expectIn(nil) // everything is still answered
	n.tell(syscall.SIGTERM)
}

func TestASecondSignalEndsItAtOnce(t *testing.T) {
	n := startedOn(t, shared{})
	g := newGate(t, n.hooks)
	theRelay.set(g.url, 0, "")
	s := newSignIn(t, account(t, nil))
	go s.endingAt(n.public)
	<-g.came
	n.tell(syscall.SIGTERM)
	n.closesToBrowsers()
	n.tell(syscall.SIGINT)
	_ = n.processes[0].cmd.Wait()
	how := n.processes[0].cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !how.Signaled() || how.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v", n.processes[0].cmd.ProcessState)
	}
}

// balance starts a proxy in front of several servers. It passes each request on to the next server that is ready. If it cannot connect, it
// tries another one.
func balance(t *testing.T, ready func(i int) bool, to ...string) (address string) {
	t.Helper()
	var next atomic.Int64
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	server := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host },
		Transport: roundTripper(func(r *http.Request) (answer *http.Response, err error) {
			for range 2 * len(to) {
				i := int(next.Add(1)) % len(to)
				if !ready(i) {
					continue
				}
				r.URL.Scheme, r.URL.Host = "http", to[i]
				var failed *net.OpError
				answer, err = transport.RoundTrip(r)
				if !errors.As(err, &failed) || failed.Op != "dial" {
					return answer, err
				}
			}
			return nil, fmt.Errorf("nobody is ready: %w", err)
		}),
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			t.Logf("the balancer: %s: %v", r.URL.Path, err)
			panic(http.ErrAbortHandler)
		},
	})
	t.Cleanup(server.Close)
	return server.URL
}

// watched asks each process again and again whether it is ready, like a load balancer.
func (n *nidan) watched() (ready func(i int) bool) {
	last := make([]atomic.Bool, len(n.processes))
	ctx, end := context.WithCancel(n.t.Context())
	var all sync.WaitGroup
	for i, p := range n.processes {
		last[i].Store(true)
		all.Go(func() {
			for ctx.Err() == nil {
				last[i].Store(p.ready())
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	n.t.Cleanup(func() { end(); all.Wait() })
	return func(i int) bool { return last[i].Load() }
}

// Two Nidans are stopped and started again, one after the other, while people sign in.
func TestARollingRestartRefusesNobody(t *testing.T) {
	n := startedOn(t, sharedBy(2), "NIDAN_SHUTDOWN_NOTICE=1s", "NIDAN_SHUTDOWN_LINGER=1s")
	ready := n.watched()
	n.hooks = balance(t, ready, n.processes[0].hooks, n.processes[1].hooks)
	n.public = balance(t, ready, n.processes[0].public, n.processes[1].public)
	n.restartsWithoutRefusing(0)
}

// The same behind the nginx of docker-compose.yml, which asks no Nidan whether it is ready.
func TestARollingRestartBehindNginxRefusesNobody(t *testing.T) {
	n := balanced(t, "NIDAN_SHUTDOWN_NOTICE=1s", "NIDAN_SHUTDOWN_LINGER=1s")
	n.restartsWithoutRefusing(3 * time.Second) // nginx tries a Nidan again two seconds after it could not reach it
}

// restartsWithoutRefusing restarts each process while people sign in: four at once through Kratos, by way of Nidan and at Kratos' own port,
// and others by calls like those of Kratos.
func (n *nidan) restartsWithoutRefusing(foundWithin time.Duration) {
	t := n.t
	t.Helper()
	theRelay.set(n.hooks, 0, "")
	f := begin(n, 6)
	ended := make(chan struct{})
	var people sync.WaitGroup
	var through atomic.Int64
	for range 4 {
		who := account(t, off)
		people.Go(func() {
			for i := 0; !isClosed(ended); i++ {
				if got := signInOnce(t, who, []string{n.public, kratosPublic}[i%2]); got != letIn {
					t.Errorf("a sign-in ends with %q", got)
				}
				through.Add(1)
			}
		})
	}
	end := sync.OnceFunc(func() { close(ended); people.Wait() })
	t.Cleanup(end)
	some := func() {
		people, calls := through.Load(), f.let.Load()
		n.eventually("people sign in", func() bool { return through.Load() > people+5 && f.let.Load() > calls+20 })
	}
	some()
	for range 2 {
		for _, p := range n.processes {
			if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			_ = p.cmd.Wait()
			some()
			n.startOne(p)
			time.Sleep(foundWithin)
			some()
		}
	}
	end()
	f.stop()
	n.mailed()
	t.Logf("%d sign-ins by way of Kratos", through.Load())
	if t.Failed() {
		for line := range strings.Lines(n.log.String()) {
			if strings.Contains(line, "[error]") { // nginx
				t.Log(line)
			}
		}
	}
	if f.refused.Load() > 0 || f.lost.Load() > 0 {
		t.Errorf("%d sign-ins were refused, %d not answered", f.refused.Load(), f.lost.Load())
	}
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// signInOnce makes one sign-in from its beginning.
func signInOnce(t *testing.T, account, address string) string {
	var flow struct{ ID string }
	_, said, err := ask(t.Context(), http.MethodGet, address+"/self-service/login/api", "", nil)
	if err == nil {
		err = json.Unmarshal(said, &flow)
	}
	if err != nil || flow.ID == "" {
		return fmt.Sprintf("no flow: %v: %s", err, said)
	}
	return (&signIn{t: t, identifier: account, password: password, flow: flow.ID}).endingAt(address)
}
