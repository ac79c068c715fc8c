package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// traffic makes people sign in while something is wrong, by calls like those that Kratos makes after a right password. Whatever happens to
// Nidan, it finds what must never happen: a person is let in without the code that was asked, or a code is accepted twice.
type traffic struct {
	t      *testing.T
	n      *nidan
	ctx    context.Context
	end    context.CancelFunc
	people sync.WaitGroup
	calls  atomic.Int64 // each call has a time of its own

	let, refused, lost atomic.Int64 // sign-ins: let in; answered "unavailable"; not answered at all
}

// begin makes this number of people sign in, again and again, until stop.
func begin(n *nidan, people int) *traffic {
	ctx, end := context.WithCancel(n.t.Context())
	f := &traffic{t: n.t, n: n, ctx: ctx, end: end}
	for who := range people {
		f.people.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				f.signIn(fmt.Sprintf("person-%d-%d", who, i), i%3 != 0)
				time.Sleep(100 * time.Millisecond)
			}
		})
	}
	n.t.Cleanup(func() { end(); f.people.Wait() })
	return f
}

// stop waits until everybody has finished, and says how it went.
func (f *traffic) stop() {
	f.t.Helper()
	f.end()
	f.people.Wait()
	f.t.Logf("%d sign-ins were let in, %d refused as unavailable, %d not answered", f.let.Load(), f.refused.Load(), f.lost.Load())
	if f.let.Load() == 0 {
		f.t.Error("nobody got in, before or after")
	}
}

func (f *traffic) signIn(account string, asked bool) {
	flow := "flow of " + account
	first := f.submit(account, flow, "", asked)
	switch {
	case !asked:
		return
	case first == letIn:
		f.t.Errorf("%s was let in without a code", account)
		return
	case first != "code_sent":
		return
	}
	code := f.mailed(account)
	if code == "" {
		return // the mail may still come after the end
	}
	if f.submit(account, flow, wrong(code), asked) == letIn {
		f.t.Errorf("%s was let in with a wrong code", account)
	}
	accepted := 0
	for range 3 { // also after it was accepted, and after an answer was lost
		if f.submit(account, flow, code, asked) == letIn {
			accepted++
		}
	}
	if accepted > 1 {
		f.t.Errorf("the code of %s was accepted %d times", account, accepted)
	}
}

// submit makes one call, and returns how it ended; empty: no answer came.
func (f *traffic) submit(account, flow, code string, asked bool) string {
	return f.send(f.call(account, flow, code, asked))
}

// act asks for an action, such as resend.
func (f *traffic) act(account, flow, action string) string {
	return f.send(f.saying(account, flow, map[string]any{"action": action}, true))
}

// call returns a call like those that Kratos makes after a right password.
func (f *traffic) call(account, flow, code string, asked bool) string {
	return f.saying(account, flow, map[string]any{"code": code}, asked)
}

func (f *traffic) saying(account, flow string, twoFactor map[string]any, asked bool) string {
	twoFactor["client"] = map[string]any{"name": "softphone", "version": "3.5.0"}
	at := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(f.calls.Add(1)) * time.Microsecond)
	call, err := json.Marshal(map[string]any{
		"flow": map[string]any{"id": flow, "type": "api", "transient_payload": map[string]any{"two_factor": twoFactor}},
		"identity": map[string]any{
			"id": account, "state": "active", "traits": map[string]any{"account": account, "email": account + "@example.com"},
			"metadata_public": map[string]any{"role": "user", "two_factor": map[string]any{"enabled": asked}},
		},
		"session": map[string]any{"authenticated_at": at.Format(time.RFC3339Nano), "devices": []any{}},
	})
	if err != nil {
		f.t.Error(err)
	}
	return string(call)
}

// send makes a call, up to three times if it is not answered, like Kratos.
func (f *traffic) send(call string) string {
	for range 3 {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(f.ctx), 30*time.Second)
		status, said, err := ask(ctx, http.MethodPost, f.n.hooks+"/hooks/login/after-password", call,
			http.Header{"Authorization": {"Bearer " + hookToken}})
		cancel()
		if err != nil {
			time.Sleep(200 * time.Millisecond)
			continue
		}
		return f.ended(status, said)
	}
	f.lost.Add(1)
	return ""
}

func (f *traffic) ended(status int, said []byte) string {
	if status == http.StatusNoContent {
		f.let.Add(1)
		return letIn
	}
	var answer struct {
		Messages []struct {
			Messages []struct{ Context struct{ State string } }
		}
	}
	if status != http.StatusBadRequest || json.Unmarshal(said, &answer) != nil || len(answer.Messages) == 0 || len(answer.Messages[0].Messages) == 0 {
		f.t.Errorf("Kratos was answered %d %s", status, said)
		return ""
	}
	state := answer.Messages[0].Messages[0].Context.State
	if state == notUnderstood {
		f.refused.Add(1)
	}
	return state
}

// mailed waits for the mail with an account's code, until the traffic ends.
func (f *traffic) mailed(account string) string {
	for {
		for _, m := range f.n.mailbox.Messages() {
			if m.To == account+"@example.com" {
				return sixDigits.FindString(m.Text)
			}
		}
		select {
		case <-f.ctx.Done():
			return ""
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// back is the time in which Nidan must be back, by itself, after the trouble is over.
const back = 10 * time.Second

// isBack checks that people get in again soon, with a code and without one, through Kratos.
func (n *nidan) isBack() {
	n.t.Helper()
	since := time.Now()
	for {
		s := newSignIn(n.t, account(n.t, off))
		if r, err := s.send(s.body(nil)); err == nil && r.Status == http.StatusOK {
			break
		}
		if time.Since(since) > back {
			n.t.Fatalf("nobody gets in %v after the end of the trouble:\n%s", back, n.log)
		}
		time.Sleep(100 * time.Millisecond)
	}
	n.t.Logf("back after %v", time.Since(since).Round(10*time.Millisecond))
	who := account(n.t, nil)
	s := newSignIn(n.t, who)
	s.expect("code_sent", 1990001, nil)
	s.expectIn(code(n.codeOf(who)))
	if took := time.Since(since); took > back {
		n.t.Errorf("a code is mailed again %v after the end of the trouble", took)
	}
}
