package mail

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// plan says when some mails come, and what is wrong with the server and the database meanwhile.
type plan struct {
	mails       []planned
	troubles    []trouble
	connections int
}

type planned struct {
	id       string
	at       time.Duration
	validFor time.Duration
	unwanted time.Duration // when its challenge is closed; 0: never
}

func (p planned) expires() time.Duration { return p.at + p.validFor }

type trouble struct {
	what     string
	from, to time.Duration
}

const (
	troubleEnds = 2 * time.Minute // no trouble lasts longer
	// mendedBy is the longest time that a mail waits after the last trouble: one minute until its next try, and five seconds behind
	// other mails while it is not known that the server can be used again.
	mendedBy = 70 * time.Second
	// mostUntilNext is the longest time until a mail's next try. No try comes after the mail's code has expired.
	mostUntilNext = time.Minute
)

// drawPlan draws times in tenths of a second plus a millisecond, at which nothing else happens: the order of two events at the same
// instant is undefined.
func drawPlan(t *rapid.T) plan {
	tenths := func(least, most int, name string) time.Duration {
		return time.Duration(rapid.IntRange(least, most).Draw(t, name))*100*time.Millisecond + time.Millisecond
	}
	p := plan{connections: rapid.IntRange(1, 4).Draw(t, "connections")}
	for i := range rapid.IntRange(1, 15).Draw(t, "mails") {
		m := planned{id: fmt.Sprint("mail", i), at: tenths(0, 1200, "comes"), validFor: tenths(10, 6000, "holds for")}
		if rapid.Bool().Draw(t, "given up") {
			m.unwanted = m.at + tenths(0, 300, "after")
		}
		p.mails = append(p.mails, m)
	}
	for range rapid.IntRange(0, 5).Draw(t, "troubles") {
		from := tenths(0, 1100, "from")
		p.troubles = append(p.troubles, trouble{
			what: rapid.SampledFrom([]string{"away", "later", "never", "slow", "TakeMessages", "EndMessage", "FailMessage"}).Draw(t, "what"),
			from: from, to: min(from+tenths(1, 300, "long"), troubleEnds),
		})
	}
	return p
}

func (p plan) is(what string, at time.Duration) bool {
	return slices.ContainsFunc(p.troubles, func(t trouble) bool { return t.what == what && t.from <= at && at < t.to })
}

// carryOut runs the plan with two queues on one outbox, like two processes on one database.
func (p plan) carryOut(t *testing.T) (ended []end, came []handed) {
	m, o := newMemory(), newOffice()
	since := func() time.Duration { return time.Since(m.began) }
	m.fails = func(method string) error {
		if p.is(method, since()) {
			return errors.New("the disk is full")
		}
		return nil
	}
	o.away = func() bool { return p.is("away", since()) }
	o.takes = func(string) error {
		if p.is("slow", since()) {
			time.Sleep(8 * time.Second)
		}
		if p.is("later", since()) {
			return errLater
		}
		if p.is("never", since()) {
			return errNever
		}
		return nil
	}
	queues := []*Queue{newBubbleQueue(t, m, o, p.connections), newBubbleQueue(t, m, o, p.connections)}
	for _, mail := range p.mails {
		time.AfterFunc(mail.at, func() { m.put(queues[0].keys, mail.id, mail.validFor) })
		if mail.unwanted != 0 {
			time.AfterFunc(mail.unwanted, func() { m.unwant(mail.id) })
		}
	}
	for _, q := range queues {
		q.Start()
	}
	pass(15 * time.Minute) // all codes have expired by then
	for _, q := range queues {
		if err := q.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := o.server.Close(); err != nil {
		t.Error(err)
	}
	synctest.Wait()
	return m.ended, o.handed
}

// Whatever is wrong with the server and the database for a while, each mail ends exactly once, in time, and is handed over at most
// once.
func TestEachMailEndsOnce(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := drawPlan(r)
		var ended []end
		var came []handed
		synctest.Test(t, func(t *testing.T) { ended, came = p.carryOut(t) })
		for _, m := range p.mails {
			if err := m.judge(ended, came); err != nil {
				r.Fatalf("%+v: %v", m, err)
			}
		}
	})
}

// judge returns an error if a mail did not end as it should.
func (p planned) judge(ended []end, came []handed) error {
	ended = slices.DeleteFunc(slices.Clone(ended), func(e end) bool { return e.id != p.id })
	came = slices.DeleteFunc(slices.Clone(came), func(h handed) bool { return h.to != p.id+"@example.com" })
	if len(ended) != 1 {
		return fmt.Errorf("it ended %d times: %v", len(ended), ended)
	}
	taken, final := 0, false
	for _, h := range came {
		if p.unwanted != 0 && h.at > p.unwanted {
			return fmt.Errorf("it was handed over at %v, after it was given up at %v", h.at, p.unwanted)
		}
		if final {
			return fmt.Errorf("it was handed over at %v, after it was refused for good", h.at)
		}
		final = h.final
		if h.at >= p.expires() {
			return fmt.Errorf("it was handed over at %v, and its code expired at %v", h.at, p.expires())
		}
		if h.taken {
			taken++
		}
	}
	kind, at := ended[0].kind, ended[0].at
	switch {
	case (kind == recordSent) != (taken == 1) || taken > 1 || (kind == recordRefused) != final:
		return fmt.Errorf("it was taken %d times (refused for good: %v) and ended as %s", taken, final, kind)
	case (kind == recordRefused || kind == recordGivenUp) != ended[0].failed:
		return fmt.Errorf("it ended as %s, and its challenge was told that it failed: %v", kind, ended[0].failed)
	case kind == recordDropped && (p.unwanted == 0 || at < p.unwanted):
		return errors.New("it was dropped while it was wanted")
	case kind == recordGivenUp && p.expires() > max(p.at, troubleEnds)+mendedBy:
		return fmt.Errorf("it was given up at %v, long after all was mended", at)
	case kind == recordGivenUp && at < p.expires()-mostUntilNext:
		return fmt.Errorf("it was given up at %v, and could have been tried again before its code expired at %v", at, p.expires())
	}
	return nil
}
