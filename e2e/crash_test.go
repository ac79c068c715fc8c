package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
)

// hookCall returns the call that Kratos makes after a right password, for an account that is asked for no code.
func hookCall(flow string) string {
	return `{"flow": {"id": "` + flow + `", "type": "api", "transient_payload": {"two_factor": {}}},
		"identity": {"id": "crash", "state": "active", "traits": {"account": "crash", "email": "crash@example.com"},
			"metadata_public": {"role": "user"}},
		"session": {"authenticated_at": "2026-04-01T09:00:00.` + flow + `Z", "devices": []}}`
}

// Many sign-ins are committed at once. Whenever the program dies, everything that it has answered must be in the database, and nothing may be
// there in part.
func TestWhatWasAnsweredBeforeACrashIsKept(t *testing.T) {
	n := started(t)
	header := http.Header{"Authorization": {"Bearer " + hookToken}}
	next, answered := 0, map[string]bool{}
	for _, after := range []int{1, 7, 50, 150, 400} {
		var mu sync.Mutex
		var callers sync.WaitGroup
		died := make(chan struct{})
		got := 0
		for range 32 {
			callers.Go(func() {
				for {
					mu.Lock()
					next++
					flow := fmt.Sprintf("%06d", next)
					mu.Unlock()
					status, _, err := ask(t.Context(), http.MethodPost, n.hooks+"/hooks/login/after-password", hookCall(flow), header)
					if err != nil {
						return // the program has died
					}
					mu.Lock()
					if status != http.StatusNoContent {
						t.Errorf("got %d", status)
					}
					answered[flow] = true
					if got++; got == after {
						close(died)
					}
					mu.Unlock()
				}
			})
		}
		<-died
		n.kill()
		callers.Wait()
		n.start()
	}
	kept := func(query string, of func(string) string) (found map[string]bool) {
		t.Helper()
		found = map[string]bool{}
		rows, err := n.database().QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var flow string
			if err := rows.Scan(&flow); err != nil {
				t.Fatal(err)
			}
			found[of(flow)] = true
		}
		return found
	}
	// The six digits of a flow are also the last six digits of the time in its call.
	last := func(said string) string { return said[len(said)-6:] }
	records := kept(`SELECT flow_id FROM records WHERE kind = 'sign_in'`, last)
	answers := kept(`SELECT key FROM deliveries`, last)
	signIns := kept(`SELECT authenticated_at FROM sign_ins`, last)
	for flow := range answered {
		if !records[flow] || !answers[flow] || !signIns[flow] {
			t.Errorf("%s was answered, and its record is there: %v, its answer: %v, its sign-in: %v", flow, records[flow], answers[flow], signIns[flow])
		}
	}
	if len(records) != len(answers) || len(records) != len(signIns) {
		t.Errorf("%d records, %d answers and %d sign-ins are there", len(records), len(answers), len(signIns))
	}
}
