package mail

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/records"
	"nidan/settings"
	"nidan/store"
)

// scene is a queue on a real database and a real mail server, with challenges that package challenge issues.
type scene struct {
	t          *testing.T
	store      *store.Store
	queue      *Queue
	challenger *challenge.Challenger
	log        *logged
	ttl        time.Duration // how long codes are valid
	to         string        // the address that the codes are sent to

	mu    sync.Mutex
	ahead time.Duration     // how far the test's clock is ahead of the real one
	codes map[string]string // codes of the mails that were tried, by challenge ID
	fails map[string]int    // how many more calls of a method of the outbox fail, by method name
}

// outbox is the store's outbox, whose methods fail if the test says so.
type outbox struct {
	Outbox
	scene *scene
}

func (o outbox) failing(method string) error {
	o.scene.mu.Lock()
	defer o.scene.mu.Unlock()
	if o.scene.fails[method] == 0 {
		return nil
	}
	o.scene.fails[method]--
	return errors.New("the disk is full")
}

func (o outbox) TakeMessages(ctx context.Context, now, until time.Time, n int) ([]challenge.Outgoing, error) {
	if err := o.failing("TakeMessages"); err != nil {
		return nil, err
	}
	taken, err := o.Outbox.TakeMessages(ctx, now, until, n)
	o.scene.mu.Lock()
	defer o.scene.mu.Unlock()
	for _, m := range taken {
		o.scene.codes[m.Challenge], _ = m.Open(o.scene.challenger.Keys)
	}
	return taken, err
}

func (o outbox) PutOffMessages(ctx context.Context, until time.Time, challenges ...string) error {
	return errors.Join(o.failing("PutOffMessages"), o.Outbox.PutOffMessages(ctx, until, challenges...))
}

func (o outbox) EndMessage(ctx context.Context, r records.Record) error {
	if err := o.failing("EndMessage"); err != nil {
		return err
	}
	return o.Outbox.EndMessage(ctx, r)
}

func (o outbox) FailMessage(ctx context.Context, r records.Record) error {
	if err := o.failing("FailMessage"); err != nil {
		return err
	}
	return o.Outbox.FailMessage(ctx, r)
}

type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newScene(t *testing.T, c SMTP) *scene {
	t.Helper()
	return openScene(t, c, newDatabase(t))
}

func newDatabase(t *testing.T) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "nidan.db")
}

// openScene returns a scene on a database that may exist already, as after a restart, or with another process.
func openScene(t *testing.T, c SMTP, database string) *scene {
	t.Helper()
	st, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if err := st.Migrate(t.Context(), settings.Settings{RememberDays: 1}); err != nil {
		t.Fatal(err)
	}
	keys := keyring(t, "k")
	s := &scene{t: t, store: st, log: &logged{}, ttl: 10 * time.Minute, to: "agent@example.com", codes: make(map[string]string)}
	s.challenger = &challenge.Challenger{Keys: keys, Now: s.now, Rand: rand.Reader, MailWaits: func() bool { return false }}
	s.queue, err = NewQueue(outbox{st, s}, keys, config(c), s.now, slog.New(slog.NewTextHandler(s.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keyring(t *testing.T, secret string) *challenge.Keyring {
	t.Helper()
	keys, err := challenge.NewKeyring([]string{strings.Repeat(secret, challenge.MinSecretLength)})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func (s *scene) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.ahead)
}

func (s *scene) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

func (s *scene) start() {
	s.t.Helper()
	s.queue.Start()
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.queue.Stop(ctx); err != nil {
			s.t.Errorf("stop: %v", err)
		}
	})
}

func (s *scene) submitFor(account string) { s.t.Helper(); s.advanceOf(account, "") }

// submit submits the account's sign-in once more, as the hook does.
func (s *scene) submit(a challenge.Action) challenge.Outcome {
	s.t.Helper()
	return s.advanceOf("agent", a)
}

func (s *scene) advanceOf(account string, a challenge.Action) challenge.Outcome {
	s.t.Helper()
	var out challenge.Outcome
	err := s.store.Update(s.t.Context(), account, func(tx exchange.Tx) (err error) {
		last, err := tx.LatestChallenge(s.t.Context(), account, "flow")
		if err != nil && !errors.Is(err, challenge.ErrNotFound) {
			return err
		}
		out, err = s.challenger.Advance(s.t.Context(), tx, last,
			challenge.Submission{
				Account: account, Flow: "flow", Email: s.to, Locale: "ja", Facts: []byte{1}, Action: a,
			},
			challenge.Terms{
				Length: 6, TTL: s.ttl, MaxAttempts: 10, ResendAfter: time.Second,
				Codes: 5, CodesWithin: 10 * time.Minute, CodesPerDay: 20, WaitDoublesAfter: 10, WrongCodes: 100,
			})
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if a != challenge.ActionCancel && out.Challenge == nil {
		s.t.Fatalf("no code is on its way: %s", out.State)
	}
	return out
}

// recorded waits for this many records, and returns their kinds.
func (s *scene) recorded(want int) (kinds []string) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		all, err := s.store.Records(s.t.Context(), records.Filter{})
		if err != nil {
			s.t.Fatal(err)
		}
		kinds = nil
		for _, r := range slices.Backward(all) {
			kinds = append(kinds, r.Kind)
		}
		if len(kinds) >= want {
			return kinds
		}
	}
	s.t.Fatalf("%d records, waited for %d\n%s", len(kinds), want, s.log)
	return nil
}

// logs waits until the log contains the text.
func (s *scene) logs(want string) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(s.log.String(), want) {
			return
		}
	}
	s.t.Fatalf("the log does not say %q:\n%s", want, s.log)
}

// asked waits until the check of the server at the start is done.
func (s *scene) asked() {
	s.t.Helper()
	s.logs("the mail server answers")
}

func (s *scene) codeOf(challenge string) string {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.codes[challenge]
}

func (s *scene) waiting() (n int) {
	s.t.Helper()
	if err := s.store.DB().QueryRowContext(s.t.Context(), `SELECT count(*) FROM mails`).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}
