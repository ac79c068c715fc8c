package e2e

import (
	"bytes"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"nidan/kratos"
	"nidan/mail/catcher"
)

// patience is the timeout of every wait. No test is about this time.
const patience = 30 * time.Second

// nidan is the running program, with a mailbox of its own, behind the one Kratos. It has one process, or as many as there are replicas.
type nidan struct {
	t         *testing.T
	program   string
	dir       string
	env       []string
	arguments []string // after serve
	db        string   // URL
	hooks     string   // its hooks' address
	public    string   // where browsers reach it
	smtp      string   // host:port
	mailbox   *catcher.Catcher
	processes []*process
	log       *syncBuffer
}

// process is one process of a nidan.
type process struct {
	hooks, public string   // host:port
	env           []string // only for this process
	cmd           *exec.Cmd
}

// newNidan prepares a Nidan; the changes are variables of its environment.
func newNidan(t *testing.T, changes ...string) *nidan {
	t.Helper()
	return newNidanOn(t, usual(), changes...)
}

func newNidanOn(t *testing.T, on shared, changes ...string) *nidan {
	t.Helper()
	n := &nidan{t: t, program: program, dir: t.TempDir(), log: &syncBuffer{}, smtp: freeAddress()}
	hooks, public := freeAddress(), freeAddress()
	_, port, _ := net.SplitHostPort(n.smtp)
	changes = slices.DeleteFunc(slices.Clone(changes), func(change string) bool {
		address, ok := strings.CutPrefix(change, "NIDAN_PUBLIC_LISTEN=")
		if ok {
			public = address
		}
		return ok
	})
	n.hooks, n.public = "http://"+hooks, "http://"+public
	n.db = "sqlite:" + filepath.Join(n.dir, "nidan.db")
	n.processes = []*process{{hooks: hooks, public: public}}
	if on.replicas > 0 {
		n.db = on.database
		n.behind(on.replicas, hooks, public)
	}
	n.env = append([]string{
		"NIDAN_DATABASE=" + n.db, "NIDAN_SECRETS=" + strings.Repeat("s", 32), "NIDAN_HOOKS_TOKENS=" + hookToken,
		"NIDAN_PUBLIC_URL=" + origin, "NIDAN_KRATOS_PUBLIC_URL=" + kratosPublic, "NIDAN_KRATOS_ADMIN_URL=" + kratosAdminURL, "NIDAN_MAIL_SMTP_TLS=none", "NIDAN_MAIL_SMTP_PORT=" + port,
		"NIDAN_SHUTDOWN_LINGER=0s", // every test ends with a stop
		"NIDAN_LOG_LEVEL=debug",
	}, changes...)
	n.keepsSecrets()
	n.t.Cleanup(func() {
		if race := raceIn(n.log.String()); race != "" {
			n.t.Errorf("Nidan has a data race: %s", race)
		}
	})
	return n
}

// raceIn returns the log from the first report of the race detector on; empty: there is no report.
func raceIn(log string) string {
	if i := strings.Index(log, "WARNING: DATA RACE"); i >= 0 {
		return log[i:]
	}
	return ""
}

// behind puts the replicas behind proxies that spread requests over them.
func (n *nidan) behind(replicas int, hooks, public string) {
	n.t.Helper()
	var to [2][]string
	n.processes = nil
	for range replicas {
		p := &process{hooks: freeAddress(), public: freeAddress()}
		n.processes = append(n.processes, p)
		to[0], to[1] = append(to[0], p.hooks), append(to[1], p.public)
	}
	spread(n.t, hooks, to[0])
	spread(n.t, public, to[1])
}

// started starts a Nidan and its mail server. Kratos' calls lead to this Nidan.
func started(t *testing.T, changes ...string) *nidan {
	t.Helper()
	return startedOn(t, usual(), changes...)
}

func startedOn(t *testing.T, on shared, changes ...string) *nidan {
	t.Helper()
	n := newNidanOn(t, on, changes...)
	n.openMailbox()
	n.start()
	return n
}

func (n *nidan) openMailbox() {
	n.t.Helper()
	l, err := net.Listen("tcp", n.smtp)
	if err != nil {
		n.t.Fatal(err)
	}
	n.mailbox = catcher.New()
	go n.mailbox.Serve(l)
	n.t.Cleanup(func() { n.mailbox.Close() })
}

func (n *nidan) start() {
	n.t.Helper()
	for _, p := range n.processes {
		n.startOne(p)
	}
	theRelay.set(n.hooks, 0, "")
}

func (n *nidan) startOne(p *process) {
	n.t.Helper()
	p.cmd = exec.Command(n.program, append([]string{"serve"}, n.arguments...)...)
	p.cmd.Env = append(append(os.Environ(), "NIDAN_HOOKS_LISTEN="+p.hooks, "NIDAN_PUBLIC_LISTEN="+p.public), n.env...)
	p.cmd.Env = append(p.cmd.Env, p.env...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = n.dir, n.log, n.log
	if err := p.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(n.stop)
	n.eventually("Nidan is ready", p.ready)
}

func (p *process) ready() bool {
	answer, err := http.Get("http://" + p.hooks + "/readyz")
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// ready says whether each process is ready.
func (n *nidan) ready() bool {
	for _, p := range n.processes {
		if !p.ready() {
			return false
		}
	}
	return true
}

// stop ends Nidan like an operator. It does nothing if Nidan has ended.
func (n *nidan) stop() { n.end(syscall.SIGTERM) }

// kill ends Nidan like a crash.
func (n *nidan) kill() { n.end(syscall.SIGKILL) }

func (n *nidan) end(how os.Signal) {
	for _, p := range n.processes {
		if p.cmd != nil && p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Signal(how)
		}
	}
	for _, p := range n.processes {
		if p.cmd != nil && p.cmd.ProcessState == nil {
			_ = p.cmd.Wait()
			theRelay.set("", 0, "")
		}
	}
}

// database opens Nidan's database, like another program. Each statement has a connection of its own: a test may make a thousand statements.
func (n *nidan) database() *sql.DB {
	n.t.Helper()
	driver, name := "pgx", n.db
	if path, ok := strings.CutPrefix(n.db, "sqlite:"); ok {
		driver, name = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		n.t.Fatal(err)
	}
	db.SetMaxIdleConns(-1)
	n.t.Cleanup(func() { db.Close() })
	return db
}

func (n *nidan) sql(statement string, args ...any) {
	n.t.Helper()
	if _, err := n.database().ExecContext(n.t.Context(), statement, args...); err != nil {
		n.t.Fatal(err)
	}
}

// device adds a device of an account, which was remembered long ago.
func (n *nidan) device(account string, token byte) {
	n.t.Helper()
	n.sql("INSERT INTO devices VALUES ($1, $2, 'softphone', 1, '192.0.2.1', 'a')", account, []byte{token})
}

// eventually waits for a condition. If the condition does not come true, it fails the test with Nidan's log.
func (n *nidan) eventually(what string, holds func() bool) {
	n.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	n.t.Fatalf("waited in vain until: %s\n%s", what, n.log)
}

var sixDigits = regexp.MustCompile(`(?m)^\d{6}$`)

// code waits until this number of mails has arrived, and returns the code of the newest.
func (n *nidan) code(mails int) string {
	n.t.Helper()
	n.eventually(fmt.Sprintf("%d mails have arrived", mails), func() bool { return len(n.mailbox.Messages()) >= mails })
	if got := len(n.mailbox.Messages()); got != mails {
		n.t.Fatalf("%d mails arrived, want %d", got, mails)
	}
	code := sixDigits.FindString(n.mailbox.Messages()[0].Text)
	if code == "" {
		n.t.Fatalf("no code in %q", n.mailbox.Messages()[0].Text)
	}
	return code
}

// mailed waits until there is a record of the end of each code's mail.
func (n *nidan) mailed() {
	n.t.Helper()
	db := n.database()
	n.eventually("each code has been mailed", func() bool {
		var waiting int
		err := db.QueryRowContext(n.t.Context(), `SELECT (SELECT count(*) FROM challenges) -
			(SELECT count(DISTINCT challenge_id) FROM records WHERE kind IN ('mail_sent', 'mail_dropped', 'mail_refused', 'mail_given_up') AND challenge_id <> '')`).Scan(&waiting)
		if err != nil {
			n.t.Fatal(err)
		}
		return waiting == 0
	})
}

// newestCode waits until all mails have come, and returns the code of the newest.
func (n *nidan) newestCode() string {
	n.t.Helper()
	n.mailed()
	return n.code(len(n.mailbox.Messages()))
}

// codeOf waits until all mails have come, and returns the code of the newest mail to an account.
func (n *nidan) codeOf(account string) string {
	n.t.Helper()
	n.mailed()
	for _, m := range n.mailbox.Messages() {
		if m.To == account+"@example.com" {
			return sixDigits.FindString(m.Text)
		}
	}
	n.t.Fatalf("no mail to %s", account)
	return ""
}

// later moves Nidan's codes and devices into the past, as if this time had passed.
func (n *nidan) later(d time.Duration) {
	n.t.Helper()
	n.mailed() // the mail of a code that has expired is not sent
	n.sql(`UPDATE challenges SET issued_at = issued_at - $1, expires_at = expires_at - $1, resend_at = resend_at - $1`, d.Microseconds())
	n.sql(`UPDATE devices SET verified_at = verified_at - $1`, d.Microseconds())
}

// rested is later by a little more than the day in which an account's codes are counted.
func (n *nidan) rested() { n.t.Helper(); n.later(day + time.Second) }

// shortPolicies returns a folder of the policies that ship, with terms that are short enough to wait for.
func shortPolicies(t *testing.T, ttlSeconds, resendSeconds int) string {
	t.Helper()
	return changedPolicies(t, `"ttl_seconds": 600`, fmt.Sprintf(`"ttl_seconds": %d`, ttlSeconds),
		`"resend_after_seconds": 30`, fmt.Sprintf(`"resend_after_seconds": %d`, resendSeconds))
}

// changedPolicies returns a folder of the policies that ship, with changes to data.json: old text, new text, and so on.
func changedPolicies(t *testing.T, changes ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../policies")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "data.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(string(data), changes[i]) {
			t.Fatalf("data.json does not hold %s, which was to be changed", changes[i])
		}
	}
	if err := os.WriteFile(path, []byte(strings.NewReplacer(changes...).Replace(string(data))), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

const password = "nidan-e2e-2026"

// made counts the accounts: each has a name of its own.
var made atomic.Int32

// account makes an account in Kratos that is asked for a code unless change says otherwise, and returns its name.
func account(t *testing.T, change func(*kratos.Account)) string {
	t.Helper()
	name := fmt.Sprintf("test-%d", made.Add(1))
	a := kratos.Account{Account: name, Name: name, Email: name + "@example.com", Role: "user", TwoFactor: true, Password: password}
	if change != nil {
		change(&a)
	}
	if _, err := kratosAdmin.CreateAccount(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	return a.Account
}

// syncBuffer is a buffer that a process writes to while a test reads it.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
