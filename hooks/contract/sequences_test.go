package contract

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"nidan/exchange"
	"nidan/store"
	"nidan/store/postgrestest"
)

// program is the hook on a database. It is restarted now and then.
type program struct {
	t      *testing.T
	url    string
	clock  *clock
	store  *store.Store
	caller *caller
	states map[string]int // how often each state was answered
	runs   int            // runs of the property; each uses accounts of its own
}

// start restarts the program: everything that was not stored is lost.
func (p *program) start() {
	p.t.Helper()
	if p.store != nil {
		if err := p.store.Close(); err != nil {
			p.t.Fatal(err)
		}
	}
	var err error
	if p.store, err = store.Open(p.t.Context(), p.url); err != nil {
		p.t.Fatal(err)
	}
	p.caller = newCaller(p.t, p.clock, &atomic.Int64{}, p.store)
}

// TestMain sets the number of sequences. The command line is parsed afterwards and can override it.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", sequences); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestEachCallIsAnsweredAsTheContractSays(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(t *testing.T) string{
		"SQLite":     func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "nidan.db") },
		"PostgreSQL": func(t *testing.T) string { return postgrestest.Start(t).New("sequences") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &program{t: t, url: url(t), clock: newClock(0), states: map[string]int{}}
			p.start()
			if err := p.store.Migrate(t.Context(), switches); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { p.store.Close() })
			rapid.Check(t, func(t *rapid.T) { newSequence(p).run(t) })
			t.Logf("%v", p.states)
		})
	}
}

// sequence is a random sequence of calls for two accounts.
type sequence struct {
	*program
	holders [2]*holder
	flows   int   // number of flows so far
	begun   int64 // sessions so far
	exactly bool  // the clock already shows the time of the next call
	last    call
	of      *holder // of the last call
}

// holder is an account with its state in the model.
type holder struct {
	name  string
	who   person
	is    account
	dates []int64 // at which the password was changed
}

func newSequence(p *program) *sequence {
	p.runs++
	s := &sequence{program: p, of: &holder{}}
	for i := range s.holders {
		s.holders[i] = &holder{name: fmt.Sprint("account ", i, " of run ", p.runs), who: usual}
	}
	return s
}

// call makes a call for an account and expects the answer of the model.
func (s *sequence) call(t *rapid.T, h *holder, c call) answer {
	t.Helper()
	if !s.exactly {
		s.clock.micros.Add(second)
	}
	s.exactly = false
	c.account, c.who = h.name, h.who
	if c.what != "password" && c.begun == 0 {
		s.begun++
		c.begun = s.clock.read() + 10*s.begun // no two sessions begin at the same time, even after the clock was set back
	}
	return s.expect(t, h, c)
}

func (s *sequence) expect(t *rapid.T, h *holder, c call) answer {
	t.Helper()
	c, out, err := s.caller.do(t.Context(), 0, c)
	if err != nil {
		t.Fatal(err)
	}
	want, after := h.is.after(c)
	s.states[out.state]++
	noted := s.caller.noted
	if out != want {
		t.Fatalf("%s at %d\nwas answered %+v\nshould be    %+v", describeCall(c), c.at, out, want)
	}
	sent := len(after.codes) > len(h.is.codes)
	if sent != (noted.drawn.id != "") || sent && noted.to != h.who.email {
		t.Fatalf("%s: the code %q was sent to %q, should be sent: %v", describeCall(c), noted.drawn.id, noted.to, sent)
	}
	_, repeated := h.is.answerTo(c)
	if known := h.is.device(c.token) >= 0; !repeated && noted.retry != 0 && (noted.retry <= c.at || !after.mayBeSent(noted.retry, known)) {
		t.Fatalf("%s at %d: another code is promised at %d, and would not be sent then", describeCall(c), c.at, noted.retry)
	}
	h.is, s.last, s.of = after, c, h
	return out
}

func describeCall(c call) string {
	said := fmt.Sprintf("%s of %s (%+v) in %s", c.what, c.account, c.who, c.flow)
	for name, value := range map[string]string{"code": c.code, "action": c.action, "token": c.token} {
		if value != "" {
			said += fmt.Sprintf(", %s %q", name, value)
		}
	}
	return said
}

// kept compares the database with the model for each account.
func (s *sequence) kept(t *rapid.T) {
	t.Helper()
	for _, h := range s.holders {
		wrong, err := s.store.AccountWrongCodes(t.Context(), h.name)
		if err != nil {
			t.Fatal(err)
		}
		devices, err := s.store.AccountDevices(t.Context(), h.name)
		if err != nil {
			t.Fatal(err)
		}
		if wrong != len(h.is.wrong) || len(devices) != len(h.is.devices) {
			t.Fatalf("%s: %d wrong codes and %d devices are kept, should be %d and %d",
				h.name, wrong, len(devices), len(h.is.wrong), len(h.is.devices))
		}
	}
}

// administrator carries out an action of an administrator on an account.
func (s *sequence) administrator(t *rapid.T, h *holder, fn func(exchange.Tx) error) {
	t.Helper()
	if err := s.store.Update(t.Context(), h.name, fn); err != nil {
		t.Fatal(err)
	}
}

// cookies are the device tokens of browsers.
var cookies = []string{strings.Repeat("a", 43), strings.Repeat("b", 43)}
