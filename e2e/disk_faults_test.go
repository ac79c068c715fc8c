package e2e

import (
	"fmt"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// The file of the database cannot be written for a while, and people sign in during this time.
func TestWhateverHappensToTheDisk(t *testing.T) {
	for name, inject := range map[string]string{
		"it is full":      "pwrite64,ftruncate:error=ENOSPC",
		"it is read-only": "pwrite64,ftruncate:error=EROFS",
		"it fails":        "fsync,fdatasync:error=EIO",
	} {
		t.Run(name, func(t *testing.T) {
			n := startedOn(t, shared{})
			f := begin(n, 6)
			time.Sleep(time.Second)
			end := n.injected(inject)
			n.eventually("somebody is refused", func() bool { return f.refused.Load() > 10 })
			if n.ready() {
				t.Error("Nidan says that it is ready")
			}
			end()
			n.isBack()
			f.stop()
			n.mailed()
		})
	}
}

// injected makes some of the program's system calls fail, or kills the program in them, until end is called.
func (n *nidan) injected(what string) (end func()) {
	n.t.Helper()
	pid := n.processes[0].cmd.Process.Pid
	strace := exec.Command("strace", "-f", "-qqq", "-o", "/dev/null", "-e", "inject="+what, "-p", fmt.Sprint(pid))
	if err := strace.Start(); err != nil {
		n.t.Fatalf("strace is not installed: make test installs it or says how: %v", err)
	}
	n.eventually("strace watches", func() bool { return traced(pid) })
	return func() {
		_ = strace.Process.Signal(syscall.SIGINT)
		_ = strace.Wait()
	}
}
