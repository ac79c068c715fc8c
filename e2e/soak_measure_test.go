//go:build measure

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"
)

// TestSoak is a long run and no test of one thing (make soak, or SOAK=20000 for a shorter run): two Nidans on one PostgreSQL, and 200,000
// challenges, a fifth of them with wrong codes, resent or expired. The memory of the processes must not grow. After old data is forgotten, the
// database must have as many challenges and answers as before, and no mails.
func TestSoak(t *testing.T) {
	n := newNidanOn(t, sharedBy(2), "NIDAN_POLICIES_DIR="+shortPolicies(t, 20, 1), "NIDAN_LOG_LEVEL=warn")
	set := n.clocked()
	n.openMailbox()
	n.start()
	floor := n.rows()
	all, workers := numberOf("SOAK", 200_000), 400
	f := begin(n, 0)
	var done sync.WaitGroup
	next := make(chan int)
	for range workers {
		done.Go(func() {
			for i := range next {
				f.soak(i)
			}
		})
	}
	var held []holding
	start := time.Now()
	for i := range all {
		if i%(all/20) == 0 {
			held = append(held, n.holds())
			t.Logf("%7d challenges, %6.0f s: %v", i, time.Since(start).Seconds(), held[len(held)-1])
		}
		next <- i
	}
	close(next)
	done.Wait()
	n.mailed()
	var sent, twice int
	err := n.database().QueryRowContext(t.Context(), `SELECT count(*), count(*) - count(DISTINCT challenge_id) FROM records WHERE kind = 'mail_sent'`).
		Scan(&sent, &twice)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d mails were sent, %d of them again", sent, twice)
	t.Logf("%7d challenges, %6.0f s, %.0f a second, %d calls refused because they could not be answered in time; the database holds %v",
		all, time.Since(start).Seconds(), float64(all)/time.Since(start).Seconds(), f.refused.Load(), n.rows())
	time.Sleep(2 * time.Second) // connections that are not needed any more close
	held = append(held, n.holds())
	t.Logf("at rest: %v", held[len(held)-1])
	// By the middle, everything is there that is kept for later calls: the policies' answers, for the greatest number of people.
	early, late := most(held[len(held)/2-2:len(held)/2+3]), most(held[len(held)-5:])
	if late.goroutines > early.goroutines*3/2+50 || late.resident > early.resident*5/4 {
		t.Errorf("it grows: from %v to %v", early, late)
	}
	n.stop()
	set("25h")
	n.start()
	n.forgetsUntil(floor)
}

// forgetsUntil waits until old data is forgotten. This may take long, but it must go on all the time.
func (n *nidan) forgetsUntil(floor map[string]int) {
	n.t.Helper()
	begin := time.Now()
	for {
		before := n.rows()
		if before["challenges"] == floor["challenges"] && before["deliveries"] == floor["deliveries"] && before["mails"] == 0 {
			n.t.Logf("after what is old is forgotten, %.0f s, the database holds %v", time.Since(begin).Seconds(), before)
			return
		}
		n.eventually("more is forgotten", func() bool {
			now := n.rows()
			return now["challenges"]+now["deliveries"] < before["challenges"]+before["deliveries"]
		})
	}
}

// soak runs one challenge.
func (f *traffic) soak(i int) {
	account := fmt.Sprintf("soak-%d", i)
	flow := "flow of " + account
	expect := func(code, want string) {
		got := f.submit(account, flow, code, true)
		for got == notUnderstood { // a busy machine refuses what it cannot do in time; people submit again
			got = f.submit(account, flow, code, true)
		}
		if got != want {
			f.t.Errorf("%s: got %q, want %q", account, got, want)
		}
	}
	expect("", "code_sent")
	switch i % 15 {
	case 0: // wrong codes, and never the right one
		for range 3 {
			expect("00000x", "code_mismatch")
		}
	case 5: // resent: the older one is dead
		time.Sleep(1100 * time.Millisecond)
		if got := f.act(account, flow, "resend"); got != "code_resent" {
			f.t.Errorf("%s: resent: %q", account, got)
		}
	case 10: // expired
		time.Sleep(20 * time.Second)
		expect("000000", "code_expired")
	default:
		if code := f.mailed(account); code != "" {
			expect(code, letIn)
		}
	}
}

// holding is what processes hold.
type holding struct{ goroutines, resident float64 }

func (h holding) String() string {
	return fmt.Sprintf("%.0f goroutines, %.0f MiB", h.goroutines, h.resident/(1<<20))
}

// holds returns the most that one of the processes holds.
func (n *nidan) holds() holding {
	n.t.Helper()
	var all []holding
	for _, p := range n.processes {
		answer, err := http.Get("http://" + p.hooks + "/metrics")
		if err != nil {
			n.t.Fatal(err)
		}
		said, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			n.t.Fatal(err)
		}
		all = append(all, holding{number(string(said), "go_goroutines"), number(string(said), "process_resident_memory_bytes")})
	}
	return most(all)
}

func most(all []holding) (m holding) {
	for _, h := range all {
		m.goroutines, m.resident = max(m.goroutines, h.goroutines), max(m.resident, h.resident)
	}
	return m
}

// number returns the value of a metric.
func number(metrics, name string) float64 {
	found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(metrics)
	if found == nil {
		return 0
	}
	n, _ := strconv.ParseFloat(found[1], 64)
	return n
}

// rows returns the number of rows of each table.
func (n *nidan) rows() map[string]int {
	n.t.Helper()
	found := map[string]int{}
	for _, table := range []string{"challenges", "deliveries", "mails", "records", "sign_ins"} {
		var rows int
		if err := n.database().QueryRowContext(n.t.Context(), "SELECT count(*) FROM "+table).Scan(&rows); err != nil {
			n.t.Fatal(err)
		}
		found[table] = rows
	}
	return found
}
