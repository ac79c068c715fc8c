package cmd

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/config"
	"nidan/exchange"
	"nidan/mail"
	"nidan/mail/catcher"
	"nidan/server/console/pages"
)

func TestEveryReasonWhyMailIsInTroubleHasAText(t *testing.T) {
	texts, err := pages.Texts()
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range mail.Reasons {
		if texts["ja"]["mail_"+reason] == "" {
			t.Errorf("the console has nothing to say of mail that is in trouble: %s", reason)
		}
	}
}

// closedPort returns a port on which nobody listens.
func closedPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (n *nidan) get(t *testing.T, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	n.hooks.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	if w.Code != http.StatusOK {
		t.Errorf("%s answers %d", path, w.Code)
	}
	return w.Body.String()
}

// says waits until the answer contains each text of all. A text after "not " must not be in the answer.
func (n *nidan) says(t *testing.T, path string, all ...string) {
	t.Helper()
	var got string
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		got = n.get(t, path)
		holds := true
		for _, want := range all {
			unwanted, not := strings.CutPrefix(want, "not ")
			holds = holds && strings.Contains(got, unwanted) != not
		}
		if holds {
			return
		}
	}
	t.Errorf("%s never says %q, but\n%s", path, all, got)
}

// issue issues a code with a time one hour ago.
func (n *nidan) issue(t *testing.T, secrets []string) {
	t.Helper()
	keys, err := challenge.NewKeyring(secrets)
	if err != nil {
		t.Fatal(err)
	}
	c := &challenge.Challenger{
		Keys: keys, Now: func() time.Time { return now().Add(-time.Hour) }, Rand: rand.Reader, MailWaits: n.queue.Away,
	}
	s := challenge.Submission{Account: "agent", Flow: "flow", Channel: "softphone", Email: "agent@example.com", Locale: "en",
		Facts: challenge.Facts{Email: "agent@example.com", TwoFactor: true}.Digest()}
	terms := challenge.Terms{Length: 6, TTL: 10 * time.Hour, MaxAttempts: 10, Codes: 5, CodesWithin: 10 * time.Minute, CodesPerDay: 20,
		WaitDoublesAfter: 10, WrongCodes: 100, WrongCodesFor: 24 * time.Hour}
	err = n.store.Update(t.Context(), "agent", func(tx exchange.Tx) error {
		out, err := c.Advance(t.Context(), tx, nil, s, terms)
		if err == nil && out.State != challenge.CodeSent {
			t.Errorf("asked for a code, the answer is %s", out.State)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMailThatCannotBeSentShowsWhereOperatorsLook(t *testing.T) {
	cfg := config.Default()
	cfg.Database = "sqlite:" + filepath.Join(t.TempDir(), "nidan.db")
	cfg.Secrets, cfg.Hooks.Tokens = []string{strings.Repeat("s", 32)}, []string{strings.Repeat("t", 32)}
	cfg.Mail.SMTP.TLS, cfg.Mail.SMTP.Port = "none", closedPort(t)
	n, err := newNidan(t.Context(), cfg, "", newLog(config.Log{Level: "error", Format: "text"}))
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	n.says(t, "/readyz", "ready\n", "not mail:") // the queue has not tried the server yet
	n.queue.Start()
	defer n.queue.Stop(t.Context())
	n.says(t, "/readyz", "ready\n", "mail: degraded since ", ": unreachable\n", "not 127.0.0.1")

	n.issue(t, cfg.Secrets)
	n.says(t, "/metrics", `nidan_mail_trouble{reason="unreachable"} 1`, `nidan_mail_trouble{reason="tls"} 0`, "nidan_mail_waiting 1\n",
		"nidan_mail_oldest_waiting_seconds 36", `nidan_mail_ended_total{end="sent"} 0`, `nidan_mail_ended_total{end="given_up"} 0`,
		`nidan_mail_ended_total{end="refused"} 0`, `nidan_mail_ended_total{end="dropped"} 0`)

	l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", cfg.Mail.SMTP.Port))
	if err != nil {
		t.Fatal(err)
	}
	mailbox := catcher.New()
	go mailbox.Serve(l)
	defer mailbox.Close()
	n.says(t, "/metrics", `nidan_mail_trouble{reason="unreachable"} 0`, "nidan_mail_waiting 0\n", "nidan_mail_oldest_waiting_seconds 0\n",
		`nidan_mail_ended_total{end="sent"} 1`)
	n.says(t, "/readyz", "ready\n", "not mail:")
}
