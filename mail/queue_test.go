package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/store/postgrestest"
)

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
		secret string // the code was encrypted with this secret
		cause  string
	}{
		"the server refuses it for now":      {&server{refuse: 1000}, "k", "later"},
		"the secret that sealed it was lost": {&server{}, "x", "challenge="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each test waits for a second try
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
		want   string // kind of the record
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
			if underWay { // the process that took the mail may still send it
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

// Two processes use one database. A mail that takes longer than heldFor still belongs to one process only.
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
	if err := s.store.Update(t.Context(), "agent", func(tx exchange.Tx) error {
		last, err := tx.LatestChallenge(t.Context(), "agent", "flow")
		m.Challenge = last.ID
		return err
	}); err != nil {
		t.Fatal(err)
	}
	// A code in the arguments would stand between quotation marks or blanks, as six digits.
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

// A server that takes long for each mail must not delay the other mails.
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
	for range connections + 1 { // the test answers none before all have connected; one of them is the check at the start
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
}

// While a server cannot be reached, it is tried now and then, and not once for each mail that waits. When it can be reached again,
// all mails are sent.
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
	for range 10 { // ten pauses, which are over at once because the clock is advanced
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
