package e2e

import (
	"syscall"
	"testing"
	"time"

	"nidan/store/postgrestest"
)

// Two Nidans share a PostgreSQL. Something happens to PostgreSQL while people sign in.
func TestWhateverHappensToPostgreSQL(t *testing.T) {
	for name, happens := range map[string]func(*testing.T, *postgrestest.Server){
		"it is stopped and started": func(_ *testing.T, s *postgrestest.Server) {
			s.Down("fast")
			time.Sleep(3 * time.Second)
			s.Up()
		},
		"it crashes and recovers": func(_ *testing.T, s *postgrestest.Server) {
			s.Down("immediate")
			s.Up()
		},
		"it stands still for half a minute": func(t *testing.T, s *postgrestest.Server) {
			pids := s.Processes()
			for _, how := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
				for _, pid := range pids {
					if err := syscall.Kill(pid, how); err != nil && how == syscall.SIGSTOP {
						t.Error(err)
					}
				}
				if how == syscall.SIGSTOP {
					time.Sleep(30 * time.Second)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := postgrestest.Start(t)
			n := startedOn(t, shared{2, server.URL("postgres")})
			f := begin(n, 6)
			time.Sleep(2 * time.Second)
			happens(t, server)
			n.isBack()
			f.stop()
			n.mailed()
		})
	}
}

// The PostgreSQL that Nidan writes to is lost, and its standby takes over. The client library finds the standby by the addresses in the URL.
func TestAStandbyTakesOver(t *testing.T) {
	first := postgrestest.Start(t)
	second := first.Standby()
	n := startedOn(t, shared{2, postgrestest.URL("postgres", first, second)})
	f := begin(n, 6)
	time.Sleep(2 * time.Second)
	first.Down("immediate")
	second.Promote()
	n.isBack()
	f.stop()
	n.mailed()
}
