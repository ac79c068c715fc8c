package e2e

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// killedAtEachStep makes sign-ins with a code. In the first one, Nidan is killed at its first step, in the next one at its second step, and
// so on until a sign-in comes through. Kratos repeats a call that was not answered.
func killedAtEachStep(t *testing.T, n *nidan, arm func(step int) (disarm func())) {
	t.Helper()
	f := begin(n, 0)
	for step, died := 1, true; died; step++ {
		if step > 100 {
			t.Fatal("no sign-in comes through")
		}
		account := fmt.Sprintf("killed-%d", made.Add(1))
		flow := "flow of " + account
		disarm := arm(step)
		died = n.expectAgain(f, account, flow, "", "code_sent")
		code := n.codeMailedTo(account, &died)
		died = n.expectAgain(f, account, flow, code, letIn) || died
		disarm()
		died = n.again() || died
		if got := f.submit(account, flow, code, true); got != "sign_in_again" {
			t.Errorf("killed at step %d: the code once more: %s", step, got)
		}
		n.mailed()
		var challenges, passed, signIns int
		err := n.database().QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM challenges WHERE account_id = $1),
			(SELECT count(*) FROM records WHERE account_id = $1 AND state = 'passed'), (SELECT count(*) FROM sign_ins WHERE account_id = $1)`,
			account).Scan(&challenges, &passed, &signIns)
		if err != nil || challenges != 1 || passed != 1 || signIns != 1 {
			t.Errorf("killed at step %d: %d challenges, %d passed, %d sign-ins are kept, %v", step, challenges, passed, signIns, err)
		}
		if step == 1 && !died {
			t.Fatal("nothing was killed")
		}
		if !died {
			t.Logf("killed at each of %d steps", step-1)
		}
	}
}

// expectAgain makes a call. If Nidan dies in the call, expectAgain starts Nidan and makes the call again. It says whether Nidan has died.
func (n *nidan) expectAgain(f *traffic, account, flow, code, want string) (died bool) {
	n.t.Helper()
	call := f.call(account, flow, code, true)
	got := f.send(call)
	if died = n.again(); died && got == "" {
		got = f.send(call)
	}
	if got != want {
		n.t.Errorf("%s: got %q, want %q", account, got, want)
	}
	return died
}

// again starts Nidan if it has died, and says whether it had.
func (n *nidan) again() bool {
	n.t.Helper()
	if !n.dead() {
		return false
	}
	n.start()
	return true
}

// codeMailedTo waits for the mail to an account, and starts Nidan if it dies meanwhile.
func (n *nidan) codeMailedTo(account string, died *bool) (code string) {
	n.t.Helper()
	n.eventually("the mail to "+account, func() bool {
		*died = n.again() || *died
		for _, m := range n.mailbox.Messages() {
			if m.To == account+"@example.com" {
				code = sixDigits.FindString(m.Text)
			}
		}
		return code != ""
	})
	return code
}

// dead says whether the only process has ended by itself, or was killed from outside.
func (n *nidan) dead() bool {
	p := n.processes[0]
	if p.cmd.ProcessState == nil {
		if syscall.Kill(p.cmd.Process.Pid, 0) == nil && !zombie(p.cmd.Process.Pid) {
			return false
		}
		_ = p.cmd.Wait()
	}
	return true
}

func TestKilledAtEachStepOnPostgreSQL(t *testing.T) {
	for name, before := range map[string]bool{"before PostgreSQL hears of it": true, "before PostgreSQL is heard": false} {
		t.Run(name, func(t *testing.T) {
			on := sharedBy(1)
			trap := newTrap(t, on.database)
			on.database = trap.url
			n := startedOn(t, on)
			killedAtEachStep(t, n, func(step int) func() {
				trap.arm(step, before, func() { _ = n.processes[0].cmd.Process.Kill() })
				return func() { trap.arm(0, false, nil) }
			})
		})
	}
}

// On SQLite, Nidan keeps data by writing to files and by waiting for the disk.
func TestKilledAtEachStepOnSQLite(t *testing.T) {
	for _, call := range []string{"pwrite64", "fsync,fdatasync"} {
		t.Run(call, func(t *testing.T) {
			n := startedOn(t, shared{})
			killedAtEachStep(t, n, func(step int) func() {
				// strace counts the calls of each thread on their own, so several calls of the program have the number of this step.
				return n.injected(fmt.Sprintf("%s:signal=KILL:when=%d", call, step))
			})
		})
	}
}

// trap passes on the messages between a program and its PostgreSQL. At one of the messages it springs: it calls spring.
type trap struct {
	url string

	mu     sync.Mutex
	left   int // messages until it springs; 0: it does not spring
	before bool
	spring func()
}

func newTrap(t *testing.T, database string) *trap {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	to := u.Host
	u.Host = l.Addr().String()
	tr := &trap{url: u.String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go tr.handOn(c, to)
		}
	}()
	return tr
}

func (tr *trap) arm(step int, before bool, spring func()) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.left, tr.before, tr.spring = step, before, spring
}

// springs says whether the trap springs at this message.
func (tr *trap) springs() bool {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if tr.left == 0 {
		return false
	}
	tr.left--
	return tr.left == 0
}

func (tr *trap) handOn(client net.Conn, to string) {
	defer client.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	var sprung atomic.Bool
	heard, killed := make(chan struct{}), make(chan struct{})
	defer close(killed)
	go func() {
		defer client.Close()
		answer := make([]byte, 64<<10)
		for {
			n, err := server.Read(answer)
			if err == nil && sprung.Load() {
				close(heard)
				<-killed // until then, the program must not notice anything
				return
			}
			if err != nil {
				return
			}
			if _, err := client.Write(answer[:n]); err != nil {
				return
			}
		}
	}()
	message := make([]byte, 64<<10)
	for {
		n, err := client.Read(message)
		if err != nil {
			return
		}
		springs := tr.springs()
		if springs {
			sprung.Store(true)
			if tr.before {
				tr.spring()
				return
			}
		}
		if _, err := server.Write(message[:n]); err != nil {
			return
		}
		if springs {
			select {
			case <-heard: // when PostgreSQL answers, it has carried out the message
			case <-time.After(5 * time.Second):
			}
			tr.spring()
			return
		}
	}
}

// statusOf returns a value from Linux' status of a process (proc(5)).
func statusOf(pid int, name string) string {
	said, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(said)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func zombie(pid int) bool { return strings.HasPrefix(statusOf(pid, "State"), "Z") }

func traced(pid int) bool { return statusOf(pid, "TracerPid") != "0" }
