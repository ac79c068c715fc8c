package mail

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"nidan/challenge"
	"nidan/store"
)

// scene is the queue on a real database and a real mail server, with challenges as they really are issued.
type scene struct {
	t          *testing.T
	store      *store.Store
	queue      *Queue
	challenger *challenge.Challenger
	mu         sync.Mutex
	ahead      time.Duration // of the real clock
	log        *logged
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
	st, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if err := st.Migrate(t.Context(), challenge.Settings{RememberDays: 1}); err != nil {
		t.Fatal(err)
	}
	if err := Migrate(t.Context(), st.DB()); err != nil {
		t.Fatal(err)
	}
	keys, err := challenge.NewKeyring([]string{strings.Repeat("k", challenge.MinSecretLength)})
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t, store: st, log: &logged{}}
	s.challenger = &challenge.Challenger{Keys: keys, Now: s.now, Rand: rand.Reader}
	s.queue, err = NewQueue(st.DB(), st, keys, config(c), s.now, slog.New(slog.NewTextHandler(s.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	st.Outbox = s.queue
	return s
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
	if err := s.queue.Start(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.queue.Stop(ctx); err != nil {
			s.t.Errorf("stop: %v", err)
		}
	})
}

// submit takes the account's sign-in a step further, as the hook does.
func (s *scene) submit(a challenge.Action) challenge.Outcome {
	s.t.Helper()
	var out challenge.Outcome
	err := s.store.Update(s.t.Context(), "agent", func(tx challenge.Tx) (err error) {
		out, err = s.challenger.Advance(s.t.Context(), tx,
			challenge.Submission{Account: "agent", Flow: "flow", Email: "agent@example.com", Locale: "ja", Facts: []byte{1}, Action: a},
			challenge.Terms{Length: 6, TTL: 10 * time.Minute, MaxAttempts: 10, ResendAfter: time.Second})
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// recorded waits for that many records and returns their kinds.
func (s *scene) recorded(want int) (kinds []string) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var all string
		err := s.store.DB().QueryRowContext(s.t.Context(),
			`SELECT coalesce(group_concat(kind), '') FROM (SELECT kind FROM records ORDER BY id)`).Scan(&all)
		if err != nil {
			s.t.Fatal(err)
		}
		if kinds = strings.FieldsFunc(all, func(r rune) bool { return r == ',' }); len(kinds) >= want {
			return kinds
		}
	}
	s.t.Fatalf("%d records, waited for %d\n%s", len(kinds), want, s.log)
	return nil
}

func TestAMailIsSentAndRecorded(t *testing.T) {
	srv := &server{}
	s := newScene(t, srv.listen(t, false, false))
	s.start()
	s.submit("")
	if got := s.recorded(1); !slices.Equal(got, []string{recordSent}) {
		t.Errorf("recorded %q", got)
	}
	if got := len(srv.received()); got != 1 {
		t.Errorf("%d mails", got)
	}
}

func TestARefusedMailIsTriedAgain(t *testing.T) {
	srv := &server{refuse: 2}
	s := newScene(t, srv.listen(t, false, false))
	s.start()
	s.submit("")
	if got := s.recorded(1); !slices.Equal(got, []string{recordSent}) {
		t.Errorf("recorded %q", got)
	}
	if got := strings.Count(s.log.String(), "a mail could not be sent"); got != 2 {
		t.Errorf("%d failures logged, want 2:\n%s", got, s.log)
	}
	if strings.Contains(s.log.String(), "agent@") {
		t.Errorf("the address is in the log:\n%s", s.log)
	}
}

func TestACodeThatExpiredIsGivenUp(t *testing.T) {
	srv := &server{}
	s := newScene(t, srv.listen(t, false, false))
	s.submit("")
	s.advance(10 * time.Minute)
	s.start()
	if got := s.recorded(1); !slices.Equal(got, []string{recordGivenUp}) {
		t.Errorf("recorded %q", got)
	}
	if got := len(srv.received()); got != 0 {
		t.Errorf("%d mails", got)
	}
}

func TestWhatIsNotWantedAnyMoreIsDropped(t *testing.T) {
	for name, after := range map[string]struct {
		action challenge.Action
		want   []string
		mails  int
	}{
		"the person gave up":         {challenge.ActionCancel, []string{recordDropped}, 0},
		"a newer code has been sent": {challenge.ActionResend, []string{recordDropped, recordSent}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			srv := &server{}
			s := newScene(t, srv.listen(t, false, false))
			s.submit("")
			s.advance(time.Second)
			s.submit(after.action)
			s.start()
			got := s.recorded(len(after.want))
			slices.Sort(got)
			if !slices.Equal(got, after.want) {
				t.Errorf("recorded %q, want %q", got, after.want)
			}
			if got := len(srv.received()); got != after.mails {
				t.Errorf("%d mails, want %d", got, after.mails)
			}
		})
	}
}

func TestTheQueueHoldsNoCodeInClear(t *testing.T) {
	s := newScene(t, SMTP{Host: "localhost", Port: 1, TLS: "none", Timeout: time.Second})
	s.submit("")
	var args string
	if err := s.store.DB().QueryRowContext(t.Context(), `SELECT CAST(args AS TEXT) FROM river_job`).Scan(&args); err != nil {
		t.Fatal(err)
	}
	var m challenge.Message
	if err := s.store.Update(t.Context(), "agent", func(tx challenge.Tx) error {
		last, err := tx.LatestChallenge(t.Context(), "agent", "flow")
		m.Challenge = last.ID
		return err
	}); err != nil {
		t.Fatal(err)
	}
	// Whatever the code is, it would stand between quotation marks or blanks, as six digits.
	for _, field := range strings.FieldsFunc(args, func(r rune) bool { return strings.ContainsRune(`":,{} `, r) }) {
		if len(field) == 6 && strings.Trim(field, "0123456789") == "" {
			t.Errorf("%q stands in the queue: %s", field, args)
		}
	}
	if !strings.Contains(args, m.Challenge) {
		t.Errorf("these are not the arguments of the mail: %s", args)
	}
}

func TestTimeToTheNextTry(t *testing.T) {
	now := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	w := &worker{now: func() time.Time { return now }}
	for _, tc := range []struct {
		attempt int
		left    time.Duration // of the code's life
		want    time.Duration
	}{
		{1, time.Hour, time.Second}, {2, time.Hour, 2 * time.Second}, {6, time.Hour, 32 * time.Second},
		{7, time.Hour, time.Minute}, {1000, time.Hour, time.Minute}, {7, 10 * time.Second, 10 * time.Second},
		{3, -5 * time.Second, 4 * time.Second},
	} {
		t.Run(fmt.Sprintf("try %d, %v left", tc.attempt, tc.left), func(t *testing.T) {
			j := &river.Job[job]{JobRow: &rivertype.JobRow{Attempt: tc.attempt}, Args: job{ExpiresAt: now.Add(tc.left)}}
			if got := w.NextRetry(j).Sub(now); got != tc.want {
				t.Errorf("waits %v, want %v", got, tc.want)
			}
		})
	}
}
