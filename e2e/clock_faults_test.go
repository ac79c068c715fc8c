package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// withClock builds the program with a clock that a test can set.
var withClock = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(program), "nidan-with-clock")
	out, err := exec.Command("go", "build", "-tags", "shiftedclock", "-o", path, "nidan").CombinedOutput()
	if err != nil {
		return string(out), err
	}
	return path, nil
})

// clocked gives n such a clock, and returns the function that sets how far the clock is ahead, such as "-1h".
func (n *nidan) clocked() (set func(ahead string)) {
	n.t.Helper()
	path, err := withClock()
	if err != nil {
		n.t.Fatal(err, path)
	}
	n.program = path
	file := filepath.Join(n.t.TempDir(), "clock")
	n.env = append(n.env, "SHIFTED_CLOCK="+file)
	return func(ahead string) {
		n.t.Helper()
		if err := os.WriteFile(file+".new", []byte(ahead), 0o600); err != nil {
			n.t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			n.t.Fatal(err)
		}
	}
}

// The clock jumps while people sign in, and jumps back.
func TestWhateverHappensToTheClock(t *testing.T) {
	for name, ahead := range map[string]string{
		"it is set back an hour": "-1h", "it is set forward an hour": "1h", "it is set back a year": "-8760h",
	} {
		t.Run(name, func(t *testing.T) {
			n := newNidanOn(t, sharedBy(2))
			set := n.clocked()
			n.openMailbox()
			n.start()
			f := begin(n, 6)
			n.eventually("people get in", func() bool { return f.let.Load() > 10 })
			who := account(t, nil)
			s := newSignIn(t, who)
			s.expect("code_sent", 1990001, nil)
			right := n.codeOf(who)
			set(ahead)
			before := f.let.Load()
			n.eventually("people get in all the same", func() bool { return f.let.Load() > before+10 })
			if ahead == "1h" {
				s.expect("code_expired", 4990002, code(right))
			}
			set("0s")
			n.isBack()
			f.stop()
			n.mailed()
		})
	}
}

// Nidan forgets what cannot matter any more when it starts, and then every hour: a challenge one day after it has expired.
func TestWhatIsOldIsForgottenAtTheStart(t *testing.T) {
	n := newNidanOn(t, usual())
	set := n.clocked()
	n.openMailbox()
	n.start()
	newSignIn(t, account(t, nil)).expect("code_sent", 1990001, nil)
	n.mailed()
	n.stop()
	set("25h")
	n.start()
	n.eventually("it is forgotten", func() bool {
		var left int
		err := n.database().QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM challenges) + (SELECT count(*) FROM deliveries)`).Scan(&left)
		if err != nil {
			t.Fatal(err)
		}
		return left == 0
	})
}
