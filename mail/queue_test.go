package mail

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/store"
	"nidan/store/postgrestest"
)

// scene is the queue on a real database and a real mail server, with challenges as they really are issued.
type scene struct {
	t          *testing.T
	store      *store.Store
	queue      *Queue
	challenger *challenge.Challenger
	log        *logged
	ttl        time.Duration // of codes
	to         string        // the address that they go to

	mu    sync.Mutex
	ahead time.Duration     // of the real clock
	codes map[string]string // of mails that have been tried, by challenge
	fails map[string]int    // how often a method of the outbox is still to fail, by name
}

// outbox is the store's, failing when the test says so.
type outbox struct {
	challenge.Outbox
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

func (o outbox) EndMessage(ctx context.Context, r challenge.Record) error {
	if err := o.failing("EndMessage"); err != nil {
		return err
	}
	return o.Outbox.EndMessage(ctx, r)
}

func (o outbox) FailMessage(ctx context.Context, r challenge.Record) error {
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

// openScene is a scene on a database that may be there already, as after a restart, or beside another process.
func openScene(t *testing.T, c SMTP, database string) *scene {
	t.Helper()
	st, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if err := st.Migrate(t.Context(), challenge.Settings{RememberDays: 1}); err != nil {
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

// submitFor sends a first code to an account.
func (s *scene) submitFor(account string) { s.t.Helper(); s.advanceOf(account, "") }

// submit takes the account's sign-in a step further, as the hook does.
func (s *scene) submit(a challenge.Action) challenge.Outcome {
	s.t.Helper()
	return s.advanceOf("agent", a)
}

func (s *scene) advanceOf(account string, a challenge.Action) challenge.Outcome {
	s.t.Helper()
	var out challenge.Outcome
	err := s.store.Update(s.t.Context(), account, func(tx challenge.Tx) (err error) {
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

// recorded waits for that many records and returns their kinds.
func (s *scene) recorded(want int) (kinds []string) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		all, err := s.store.Records(s.t.Context(), challenge.RecordFilter{})
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

// logs waits until the log says it.
func (s *scene) logs(want string) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(s.log.String(), want) {
			return
		}
	}
	s.t.Fatalf("the log does not say %q:\n%s", want, s.log)
}

// asked waits until the server has been asked at the start.
func (s *scene) asked() {
	s.t.Helper()
	s.logs("the mail server answers")
}

// codeOf is the code of a mail that has been tried.
func (s *scene) codeOf(challenge string) string {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.codes[challenge]
}

// waiting is how many mails are in the outbox.
func (s *scene) waiting() (n int) {
	s.t.Helper()
	if err := s.store.DB().QueryRowContext(s.t.Context(), `SELECT count(*) FROM mails`).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
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

func TestWhatFailsUntilTheCodeExpiresIsGivenUp(t *testing.T) {
	for name, tc := range map[string]struct {
		server *server
		secret string // the code was sealed with
		cause  string
	}{
		"the server refuses it for now":      {&server{refuse: 1000}, "k", "later"},
		"the secret that sealed it was lost": {&server{}, "x", "challenge="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits for a second try
			s := newScene(t, tc.server.listen(t, false, false))
			s.challenger.Keys = keyring(t, tc.secret)
			s.start()
			id := s.submit("").Challenge.ID
			s.logs("try=2")
			s.advance(10 * time.Minute)
			if got := s.recorded(1); !slices.Equal(got, []string{recordGivenUp}) {
				t.Errorf("recorded %q", got)
			}
			if got := s.waiting(); got != 0 {
				t.Errorf("%d mails wait", got)
			}
			if got := len(tc.server.received()); got != 0 {
				t.Errorf("%d mails", got)
			}
			log := s.log.String()
			if !strings.Contains(log, "challenge="+id+" try=1") || !strings.Contains(log, tc.cause) {
				t.Errorf("the log does not say which mail failed and why:\n%s", log)
			}
			if strings.Contains(log, "agent") {
				t.Errorf("the log says whom it is for:\n%s", log)
			}
		})
	}
}

func TestATryThatIsOnWhenTheCodeExpiresIsTheLast(t *testing.T) {
	srv := &server{refuse: 1, hang: make(chan struct{}), reached: make(chan struct{}, 1)}
	s := newScene(t, srv.listen(t, false, false))
	s.start()
	s.submit("")
	<-srv.reached
	s.advance(10 * time.Minute)
	close(srv.hang)
	if got := s.recorded(1); !slices.Equal(got, []string{recordGivenUp}) {
		t.Errorf("recorded %q", got)
	}
	if got := s.waiting(); got != 0 || !strings.Contains(s.log.String(), "tries=1") {
		t.Errorf("%d mails wait:\n%s", got, s.log)
	}
}

func TestADatabaseThatFails(t *testing.T) {
	for name, tc := range map[string]struct {
		fails  string
		ttl    time.Duration
		refuse int
		want   string // record
		mails  int
		log    string
	}{
		"before the mail is sent: it is sent later":         {fails: "TakeMessages", ttl: time.Minute, want: recordSent, mails: 1, log: "will be later"},
		"after the mail is sent: it is not sent again":      {fails: "EndMessage", ttl: time.Minute, want: recordSent, mails: 1, log: "end=mail_sent"},
		"as the mail is given up: that is recorded later":   {fails: "FailMessage", ttl: time.Nanosecond, want: recordGivenUp, log: "end=mail_given_up"},
		"as the mail is put off: it is tried again, anyway": {fails: "PutOffMessages", ttl: time.Minute, refuse: 1, want: recordSent, mails: 1, log: "it is tried soon"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := &server{refuse: tc.refuse}
			s := newScene(t, srv.listen(t, false, false))
			s.fails, s.ttl = map[string]int{tc.fails: 1}, tc.ttl
			s.submit("")
			s.start()
			if got := s.recorded(1); !slices.Equal(got, []string{tc.want}) {
				t.Errorf("recorded %q, want %q", got, tc.want)
			}
			if got := len(srv.received()); got != tc.mails {
				t.Errorf("%d mails, want %d", got, tc.mails)
			}
			s.logs(tc.log)
		})
	}
}

func TestAMailOutlivesTheProgram(t *testing.T) {
	for name, underWay := range map[string]bool{"waiting": false, "being sent": true} {
		t.Run(name, func(t *testing.T) {
			srv := &server{}
			c := srv.listen(t, false, false)
			database := newDatabase(t)
			died := openScene(t, c, database)
			died.submit("")
			if underWay {
				now := died.now()
				if taken, err := died.store.TakeMessages(t.Context(), now, now.Add(heldFor), 1); err != nil || len(taken) != 1 {
					t.Fatalf("took %v, %v", taken, err)
				}
			}
			died.store.Close()

			s := openScene(t, c, database)
			s.start()
			if underWay { // whoever took it may yet send it
				time.Sleep(2 * lookEvery)
				if got := len(srv.received()); got != 0 {
					t.Errorf("%d mails, and the time of whoever took the mail is not over", got)
				}
				s.advance(heldFor)
			}
			if got := s.recorded(1); !slices.Equal(got, []string{recordSent}) || len(srv.received()) != 1 {
				t.Errorf("recorded %q, %d mails", got, len(srv.received()))
			}
		})
	}
}

// Two processes on one database: a mail that takes longer than it is held for at first is still one process' alone.
func TestAMailUnderWayIsHeld(t *testing.T) {
	srv := &server{hang: make(chan struct{}), reached: make(chan struct{}, 2)}
	c := srv.listen(t, false, false)
	database := postgrestest.Start(t).New("nidan")
	one, other := openScene(t, c, database), openScene(t, c, database)
	one.start()
	one.submit("")
	<-srv.reached
	other.start()
	for range 4 {
		one.advance(heldFor / 2)
		one.queue.hold()
		other.advance(heldFor / 2)
		time.Sleep(2 * lookEvery)
	}
	close(srv.hang)
	if got := one.recorded(1); !slices.Equal(got, []string{recordSent}) || len(srv.received()) != 1 {
		t.Errorf("recorded %q, %d mails", got, len(srv.received()))
	}
}

func TestStopLetsAMailGoOut(t *testing.T) {
	srv := &server{hang: make(chan struct{}), reached: make(chan struct{}, 1)}
	s := newScene(t, srv.listen(t, false, false))
	s.start()
	s.submit("")
	<-srv.reached
	impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.queue.Stop(impatient); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a mail under way, Stop returned %v before its time was over", err)
	}
	close(srv.hang)
	if err := s.queue.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.recorded(1); !slices.Equal(got, []string{recordSent}) || len(srv.received()) != 1 {
		t.Errorf("recorded %q, %d mails", got, len(srv.received()))
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
	s := newScene(t, SMTP{Host: "localhost", Port: 1, TLS: "none", Timeout: time.Second, Connections: 8})
	s.submit("")
	var args string
	err := s.store.DB().QueryRowContext(t.Context(), `SELECT message FROM mails`).Scan(&args)
	if err != nil {
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
	for tries, want := range map[int]time.Duration{
		0: time.Second, 1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 1000: time.Minute,
	} {
		if got := nextTry(tries); got != want {
			t.Errorf("after %d tries it waits %v, want %v", tries, got, want)
		}
	}
}

// A server that takes long for each mail must not hold the others up.
func TestManyMailsAreHandedOverAtOnce(t *testing.T) {
	const connections = 20
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := newScene(t, SMTP{
		Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: "none", Timeout: time.Minute, Connections: connections,
	})
	for i := range connections {
		s.submitFor(fmt.Sprint("agent-", i))
	}
	s.start()
	for range connections + 1 { // none is answered before all are there; one is that which asks at the start
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
}

// A server that is away is asked now and then, and not once for each mail that waits. Once it is back, all go out.
func TestAServerThatIsAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			c.Close()
		}
	}()
	port := l.Addr().(*net.TCPAddr).Port
	s := newScene(t, SMTP{Host: "127.0.0.1", Port: port, TLS: "none", Timeout: time.Second, Connections: 5})
	const mails = 40
	for i := range mails {
		s.submitFor(fmt.Sprint("agent-", i))
	}
	s.start()
	s.logs("no mail can be sent")
	for range 10 { // ten waits, each of which is over at once
		time.Sleep(lookEvery)
		s.advance(mostBetween)
	}
	if got := asked.Load(); got > 1+5+11 {
		t.Errorf("the server was asked %d times", got)
	}
	trouble := s.queue.Trouble()
	if trouble == nil || !errors.Is(trouble.Err, errAway) || s.now().Sub(trouble.Since) < 10*mostBetween {
		t.Errorf("the trouble is %+v", trouble)
	}
	if got := strings.Count(s.log.String(), "no mail can be sent"); got != 1 {
		t.Errorf("the log says %d times that no mail can be sent", got)
	}

	l.Close()
	(&server{port: port}).listen(t, false, false)
	s.advance(mostBetween)
	if got := s.recorded(mails); slices.ContainsFunc(got, func(kind string) bool { return kind != recordSent }) {
		t.Errorf("recorded %q", got)
	}
	if s.queue.Trouble() != nil {
		t.Errorf("there still is trouble: %+v", s.queue.Trouble())
	}
	s.logs("mails can be sent again")
}

func TestAServerThatIsAwayIsAskedMoreAndMoreSeldom(t *testing.T) {
	now := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	var p troubles
	if got := p.room(100, 7, now); got != 100 {
		t.Errorf("without trouble there is room for %d", got)
	}
	for i, want := range []time.Duration{1, 2, 4, 5, 5} {
		news, until := p.isAway(ReasonTLS, errAway, now)
		if _, again := p.isAway(ReasonTLS, errAway, now); again != until || until.Sub(now) != want*time.Second || news != (i == 0) {
			t.Errorf("failure %d: asked again at %v and %v, news: %v", i+1, until, again, news)
		}
		if p.room(100, 0, until.Add(-1)) != 0 || p.room(100, 1, until) != 0 || p.room(100, 0, until) != 1 {
			t.Errorf("failure %d: one mail is to be tried from %v on", i+1, until)
		}
		now = until
	}
	if p.room(100, 0, now.Add(-time.Hour)) != 1 {
		t.Error("with the clock set back an hour, nobody asks for an hour")
	}
	if p.answered() == nil || p.answered() != nil || p.room(100, 7, now) != 100 {
		t.Error("the trouble does not end")
	}
}
