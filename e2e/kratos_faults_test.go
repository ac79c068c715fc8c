package e2e

import (
	"context"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Kratos stands still, or dies and is started again, while Nidan goes on. People reach Kratos through Nidan.
func TestWhateverHappensToKratos(t *testing.T) {
	for name, happens := range map[string]func(*testing.T, *nidan, *ownKratos){
		"it stands still for a while": func(t *testing.T, n *nidan, k *ownKratos) {
			k.signal(t, syscall.SIGSTOP)
			defer k.signal(t, syscall.SIGCONT)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			if status, said, err := ask(ctx, http.MethodGet, n.public+"/self-service/login/api", "", nil); err == nil {
				t.Errorf("a Kratos that stands still answers %d %s", status, said)
			}
		},
		"it dies, and is started again": func(t *testing.T, n *nidan, k *ownKratos) {
			k.signal(t, syscall.SIGKILL)
			<-k.Done()
			status, said, err := ask(t.Context(), http.MethodGet, n.public+"/self-service/login/api", "", nil)
			if err != nil || status != http.StatusBadGateway || !strings.Contains(string(said), "does not answer") {
				t.Errorf("without Kratos, got %d %s, %v", status, said, err)
			}
			k.again(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := startKratos(t)
			n := started(t)
			who := account(t, nil)
			s := newSignIn(t, who)
			s.expect("code_sent", 1990001, nil)
			right := n.codeOf(who)
			happens(t, n, k)
			if !n.ready() {
				t.Error("Nidan does not say that it is ready, and could decide and record")
			}
			s.expectIn(code(right)) // the code that was sent before is still valid
			n.isBack()
		})
	}
}

func (k *ownKratos) signal(t *testing.T, how syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(k.PID(), how); err != nil {
		t.Error(err)
	}
}
