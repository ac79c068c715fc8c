package mail

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"
)

// These tests run in simulated time (testing/synctest). Time advances when all goroutines wait. So minutes take no real time, and
// each event happens at an exact time.

func seconds(of ...float64) (all []time.Duration) {
	for _, s := range of {
		all = append(all, time.Duration(s*float64(time.Second)))
	}
	return all
}

// inBubble runs a queue from a memory to an office, and stops both at the end.
func inBubble(t *testing.T, fn func(t *testing.T, m *memory, o *office, q *Queue)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m, o := newMemory(), newOffice()
		q := newBubbleQueue(t, m, o, 5)
		fn(t, m, o, q)
		if err := q.Stop(t.Context()); err != nil {
			t.Errorf("stop: %v", err)
		}
		if err := o.server.Close(); err != nil {
			t.Error(err)
		}
	})
}

// pass advances the time, and waits until everything that is due by then has happened.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

var errLater = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}

var errNever = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "never"}

func TestAMailThatIsPutOffIsTriedAtTheRightTimesAndGivenUpWhereTheNextComesTooLate(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, o *office, q *Queue) {
		o.takes = func(string) error { return errLater }
		m.put(q.keys, "one", 200*time.Second)
		q.Start()
		pass(time.Hour)
		if got, want := o.times(), seconds(0, 1, 3, 7, 15, 31, 63, 123, 183); !slices.Equal(got, want) {
			t.Errorf("tried at %v, want %v", got, want)
		}
		if want := []end{{"one", recordGivenUp, true, 183 * time.Second}}; !slices.Equal(m.ended, want) {
			t.Errorf("ended: %v, want %v", m.ended, want)
		}
	})
}

func TestAMailUnderWayIsHeldForAsLongAsItTakes(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, o *office, q *Queue) {
		o.takes = func(string) error { time.Sleep(20*time.Second + time.Millisecond); return nil }
		m.put(q.keys, "one", time.Minute)
		q.Start()
		other := newBubbleQueue(t, m, o, 5) // a queue of another process on the same database
		other.Start()
		pass(time.Minute)
		if got, want := o.times(), seconds(0); !slices.Equal(got, want) {
			t.Errorf("handed over at %v, want %v", got, want)
		}
		var want []time.Duration
		for i := time.Duration(1); i*heldFor/4 <= 20*time.Second; i++ {
			want = append(want, i*heldFor/4)
		}
		if !slices.Equal(m.held, want) {
			t.Errorf("held at %v, want %v", m.held, want)
		}
		if err := other.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAMailOfAProcessThatDiedIsSentWhenItsTimeIsOver(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, o *office, q *Queue) {
		m.put(q.keys, "one", time.Minute)
		if _, err := m.TakeMessages(t.Context(), time.Now(), time.Now().Add(heldFor), 1); err != nil {
			t.Fatal(err)
		}
		q.Start()
		pass(time.Minute)
		if got, want := o.times(), seconds(heldFor.Seconds()); !slices.Equal(got, want) {
			t.Errorf("sent at %v, want %v", got, want)
		}
	})
}

func TestAMailThatIsRefusedForGoodIsNotTriedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, o *office, q *Queue) {
		o.takes = func(string) error { return errNever }
		m.put(q.keys, "one", 10*time.Minute)
		q.Start()
		pass(time.Hour)
		if want := []end{{"one", recordRefused, true, 0}}; !slices.Equal(m.ended, want) || len(o.handed) != 1 {
			t.Errorf("ended: %v, want %v; handed over: %v", m.ended, want, o.handed)
		}
	})
}

func TestAServerThatIsAwayIsAskedAtTheRightTimes(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, o *office, q *Queue) {
		away := time.Now().Add(time.Second)
		back := away.Add(30 * time.Second)
		o.away = func() bool { return !time.Now().Before(away) && time.Now().Before(back) }
		q.Start()
		pass(time.Second)
		for _, id := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
			m.put(q.keys, id, 10*time.Minute)
		}
		pass(29 * time.Second)
		// The check at the start, then the five mails that are sent at once, then one try at a time after pauses of 1, 2, 4, 5, 5, …
		// seconds.
		if want := seconds(0, 1, 1, 1, 1, 1, 2, 4, 8, 13, 18, 23, 28); !slices.Equal(o.asked, want) {
			t.Errorf("asked at %v, want %v", o.asked, want)
		}
		if trouble := q.Trouble(); trouble == nil || !trouble.Since.Equal(away) || !errors.Is(trouble.Err, errNobody) {
			t.Errorf("the trouble is %+v", trouble)
		}
		pass(time.Minute)
		if len(m.ended) != 8 || q.Trouble() != nil {
			t.Fatalf("ended: %v, trouble: %v", m.ended, q.Trouble())
		}
		for _, e := range m.ended {
			if e.kind != recordSent || e.at != 33*time.Second {
				t.Errorf("%s: %s at %v", e.id, e.kind, e.at)
			}
		}
	})
}

func TestAServerThatIsAwayIsAskedEveryTenSecondsWhereNoMailWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, o *office, q *Queue) {
		back := time.Now().Add(35 * time.Second)
		o.away = func() bool { return time.Now().Before(back) }
		q.Start()
		pass(39 * time.Second)
		if q.Trouble() == nil {
			t.Error("the trouble is over before anybody has asked")
		}
		pass(time.Hour)
		if want := seconds(0, 10, 20, 30, 40); !slices.Equal(o.asked, want) || q.Trouble() != nil {
			t.Errorf("asked at %v, want %v; the trouble is %v", o.asked, want, q.Trouble())
		}
	})
}

func TestStopWaitsForWhatIsUnderWayAndTakesNothingMore(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, o *office, q *Queue) {
		o.takes = func(string) error { time.Sleep(3 * time.Second); return nil }
		m.put(q.keys, "one", time.Minute)
		q.Start()
		synctest.Wait()
		time.AfterFunc(time.Second/2, func() { m.put(q.keys, "two", time.Minute) })
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := q.Stop(impatient); !errors.Is(err, context.DeadlineExceeded) || time.Since(m.began) != time.Second {
			t.Errorf("after %v, Stop says %v", time.Since(m.began), err)
		}
		if err := q.Stop(t.Context()); err != nil || time.Since(m.began) != 3*time.Second {
			t.Errorf("after %v, Stop says %v", time.Since(m.began), err)
		}
		pass(time.Minute)
		if want := []end{{"one", recordSent, false, 3 * time.Second}}; !slices.Equal(m.ended, want) || m.mails["two"] == nil {
			t.Errorf("ended: %v, want %v; what waited: %v", m.ended, want, m.mails)
		}
	})
}

func TestAMailIsNotSentAgainWhileItsEndCannotBeRecorded(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, o *office, q *Queue) {
		m.fails = func(method string) error {
			if method == "EndMessage" && time.Since(m.began) < 3*heldFor {
				return errors.New("the disk is full")
			}
			return nil
		}
		m.put(q.keys, "one", time.Minute)
		q.Start()
		pass(time.Minute)
		if want := []end{{"one", recordSent, false, 3 * heldFor}}; !slices.Equal(m.ended, want) || len(o.handed) != 1 {
			t.Errorf("ended: %v, want %v; handed over: %v", m.ended, want, o.handed)
		}
	})
}

func TestAServerThatSaysNothingIsGivenUpInTime(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory, o *office, q *Queue) {
		var asked atomic.Bool
		o.takes = func(string) error {
			if !asked.Swap(true) {
				time.Sleep(time.Minute)
			}
			return nil
		}
		m.put(q.keys, "one", 10*time.Minute)
		q.Start()
		pass(5 * time.Minute)
		// The first try takes 30 seconds until the timeout; then the mail waits one second.
		if got, want := o.times(), seconds(0, 31); !slices.Equal(got, want) {
			t.Errorf("tried at %v, want %v", got, want)
		}
		if want := []end{{"one", recordSent, false, 31 * time.Second}}; !slices.Equal(m.ended, want) {
			t.Errorf("ended: %v, want %v", m.ended, want)
		}
	})
}
