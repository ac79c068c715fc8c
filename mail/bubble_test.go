package mail

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	gomail "github.com/wneessen/go-mail"

	"nidan/challenge"
	"nidan/records"
)

// memory is an outbox in memory, for tests in simulated time: access to a database file would take real time. The store's tests check
// that a database does the same.
type memory struct {
	queued chan struct{}
	fails  func(method string) error // nil: no method fails
	began  time.Time

	mu    sync.Mutex
	mails map[string]*waiting
	ended []end
	held  []time.Duration // when the mails that were being sent were put off, counted from the beginning of the test
}

type waiting struct {
	challenge.Outgoing
	due time.Time
}

// end says how and when a mail ended.
type end struct {
	id, kind string
	failed   bool          // its challenge was marked as MailFailed
	at       time.Duration // counted from the beginning of the test
}

func newMemory() *memory {
	return &memory{queued: make(chan struct{}, 1), began: time.Now(), mails: map[string]*waiting{}}
}

// put queues a mail with a code, as a challenge does.
func (m *memory) put(keys *challenge.Keyring, id string, validFor time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.mails[id] = &waiting{due: now, Outgoing: challenge.Outgoing{Wanted: true, Message: challenge.Message{
		Challenge: id, To: id + "@example.com", Locale: "en", ValidFor: validFor, ExpiresAt: now.Add(validFor),
		Sealed: keys.Seal("123456", "mail "+id),
	}}}
	select {
	case m.queued <- struct{}{}:
	default:
	}
}

func (m *memory) unwant(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if w := m.mails[id]; w != nil {
		w.Wanted = false
	}
}

func (m *memory) fail(method string) error {
	if m.fails == nil {
		return nil
	}
	return m.fails(method)
}

func (m *memory) Queued() <-chan struct{} { return m.queued }

func (m *memory) TakeMessages(_ context.Context, now, until time.Time, n int) (taken []challenge.Outgoing, err error) {
	if err := m.fail("TakeMessages"); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var due []*waiting
	for _, w := range m.mails {
		if !w.due.After(now) {
			due = append(due, w)
		}
	}
	slices.SortFunc(due, func(a, b *waiting) int { return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.Challenge, b.Challenge)) })
	for _, w := range due[:min(n, len(due))] {
		w.Tries++
		w.due = until
		taken = append(taken, w.Outgoing)
	}
	return taken, nil
}

func (m *memory) PutOffMessages(_ context.Context, until time.Time, challenges ...string) error {
	if err := m.fail("PutOffMessages"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range challenges {
		if w := m.mails[id]; w != nil {
			w.due = until
		}
	}
	m.held = append(m.held, time.Since(m.began))
	return nil
}

func (m *memory) EndMessage(_ context.Context, r records.Record) error {
	return m.end("EndMessage", r)
}

func (m *memory) FailMessage(_ context.Context, r records.Record) error {
	return m.end("FailMessage", r)
}

func (m *memory) end(method string, r records.Record) error {
	if err := m.fail(method); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.mails, r.Challenge)
	m.ended = append(m.ended, end{r.Challenge, r.Kind, method == "FailMessage", time.Since(m.began)})
	return nil
}

func (m *memory) WaitingMessages(context.Context) (int, time.Time, error) { return 0, time.Time{}, nil } // the queue does not call it

// office is a mail server that is reached through a pipe instead of a network.
type office struct {
	server *smtp.Server
	conns  chan net.Conn
	began  time.Time
	takes  func(to string) error // its answer to a mail; nil: it accepts every mail
	away   func() bool           // whether it cannot be reached; nil: it can always be reached

	mu     sync.Mutex
	asked  []time.Duration // when a client tried to connect
	handed []handed        // the mails that arrived, accepted or not
}

type handed struct {
	to    string
	at    time.Duration
	taken bool
	final bool // refused permanently
}

var errNobody = errors.New("nobody is there")

func newOffice() *office {
	o := &office{conns: make(chan net.Conn), began: time.Now()}
	o.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &visit{office: o}, nil }))
	o.server.ErrorLog = log.New(io.Discard, "", 0) // the tests end sessions without QUIT on purpose
	go o.server.Serve(o)
	return o
}

func (o *office) dial(context.Context, string, string) (net.Conn, error) {
	o.mu.Lock()
	o.asked = append(o.asked, time.Since(o.began))
	o.mu.Unlock()
	if o.away != nil && o.away() {
		return nil, errNobody
	}
	client, server := net.Pipe()
	o.conns <- server
	return client, nil
}

// Accept implements [net.Listener].
func (o *office) Accept() (net.Conn, error) {
	if c, open := <-o.conns; open {
		return c, nil
	}
	return nil, net.ErrClosed
}

// Close implements [net.Listener].
func (o *office) Close() error { close(o.conns); return nil }

// Addr implements [net.Listener].
func (o *office) Addr() net.Addr { return &net.TCPAddr{} }

type visit struct {
	office *office
	to     string
}

func (v *visit) Mail(string, *smtp.MailOptions) error { return nil }

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error { v.to = to; return nil }

func (v *visit) Data(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	o := v.office
	o.mu.Lock()
	n := len(o.handed)
	o.handed = append(o.handed, handed{to: v.to, at: time.Since(o.began)})
	o.mu.Unlock()
	if o.takes != nil {
		if err := o.takes(v.to); err != nil {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.handed[n].final = errors.Is(err, errNever)
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.handed[n].taken = true
	return nil
}

func (v *visit) Reset()        {}
func (v *visit) Logout() error { return nil }

// times returns when mails arrived, counted from the beginning of the test.
func (o *office) times() (all []time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, h := range o.handed {
		all = append(all, h.at)
	}
	return all
}

// newBubbleQueue returns a queue from an outbox to an office. It uses the simulated time of the bubble in which it is created.
func newBubbleQueue(t *testing.T, m *memory, o *office, connections int) *Queue {
	t.Helper()
	c := config(SMTP{Host: "office", Port: 25, TLS: "none", Timeout: 30 * time.Second, Connections: connections})
	q, err := NewQueue(m, keyring(t, "k"), c, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r := q.sender.relay.Load()
	r.options = append(r.options, gomail.WithDialContextFunc(o.dial))
	return q
}
