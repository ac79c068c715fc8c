package e2e

import (
	"os"
	"testing"
	"time"
)

// balanced puts a real nginx in front of two Nidans. nginx uses the file that docker-compose.yml gives it.
func balanced(t *testing.T, changes ...string) *nidan {
	t.Helper()
	n := startedOn(t, sharedBy(2), append(changes, "NIDAN_PUBLIC_TRUSTED_PROXIES=127.0.0.1/32")...)
	raw, err := os.ReadFile("../deploy/compose/balancer.conf")
	if err != nil {
		t.Fatal(err)
	}
	public, hooks := freeAddress(), freeAddress()
	config := string(raw)
	for i, p := range n.processes {
		name := []string{"nidan-1", "nidan-2"}[i]
		config = n.replaced(n.replaced(config, name+":4455", p.public), name+":4456", p.hooks)
	}
	config = n.replaced(n.replaced(config, "listen 4455;", "listen "+public+";"), "listen 4456;", "listen "+hooks+";")
	config = n.replaced(config, "http {", "http { client_body_temp_path 1; proxy_temp_path 2; fastcgi_temp_path 3; uwsgi_temp_path 4; scgi_temp_path 5;")
	n.startNginx(hooks, "daemon off; pid pid; error_log stderr;\n"+config)
	n.public, n.hooks = "http://"+public, "http://"+hooks
	theRelay.set(n.hooks, 0, "")
	return n
}

// One of two Nidans is killed while people sign in. The other one answers the calls that the killed one was about to answer.
func TestOneOfTwoIsKilled(t *testing.T) {
	n := balanced(t)
	f := begin(n, 8)
	n.eventually("people get in", func() bool { return f.let.Load() > 20 })
	for range 3 {
		_ = n.processes[0].cmd.Process.Kill()
		_ = n.processes[0].cmd.Wait()
		before := f.let.Load()
		n.eventually("people get in all the same", func() bool { return f.let.Load() > before+20 })
		n.startOne(n.processes[0])
		time.Sleep(3 * time.Second) // nginx needs this time to use it again
	}
	n.isBack()
	f.stop()
	n.mailed()
	if f.refused.Load() > 0 || f.lost.Load() > 0 {
		t.Errorf("%d sign-ins were refused, %d not answered", f.refused.Load(), f.lost.Load())
	}
}

// A page, and a sign-in whose requests go to different Nidans.
func TestASignInThroughTheBalancer(t *testing.T) {
	n := balanced(t)
	by(t, n.public)
	s := newSignIn(t, account(t, nil))
	s.expect("code_sent", 1990001, nil)
	right := n.code(1)
	s.expect("code_mismatch", 4990001, code(wrong(right)))
	s.expectIn(code(right))
}
