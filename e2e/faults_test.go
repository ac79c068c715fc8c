package e2e

import (
	"strings"
	"testing"

	"nidan/kratos"
)

func TestWithNidanStoppedNobodyGetsIn(t *testing.T) {
	n := started(t)
	asked := account(t, nil)
	plain := account(t, func(a *kratos.Account) { a.TwoFactor = false })
	newSignIn(t, plain).expectIn(nil)
	n.stop()
	if r := newSignIn(t, plain).expectOut(nil); r.state() != "" {
		t.Errorf("state %q, with nobody there to say so", r.state())
	}
	newSignIn(t, asked).expectOut(nil)
	n.start()
	newSignIn(t, plain).expectIn(nil)
}

func TestWithTheDatabaseUnwritableNobodyGetsIn(t *testing.T) {
	lock := "BEGIN EXCLUSIVE"
	if replicas() > 0 {
		lock = "BEGIN; LOCK TABLE records"
	}
	for name, fault := range map[string]struct{ begin, end string }{
		"another program holds its lock": {lock, "ROLLBACK"},
		"writing a record fails":         {"ALTER TABLE records RENAME TO records_away", "ALTER TABLE records_away RENAME TO records"},
	} {
		t.Run(name, func(t *testing.T) {
			n := started(t)
			plain := account(t, func(a *kratos.Account) { a.TwoFactor = false })
			db, err := n.database().Conn(t.Context()) // one connection, so that it can hold a lock
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.ExecContext(t.Context(), fault.begin); err != nil {
				t.Fatal(err)
			}
			newSignIn(t, plain).expect("unavailable", 4990008, nil)
			if !strings.Contains(n.log.String(), "could not be recorded") {
				t.Errorf("the log does not say why:\n%s", n.log)
			}
			if _, err := db.ExecContext(t.Context(), fault.end); err != nil {
				t.Fatal(err)
			}
			newSignIn(t, plain).expectIn(nil)
		})
	}
}

func TestWithAWrongTokenNobodyGetsIn(t *testing.T) {
	started(t, "NIDAN_HOOKS_TOKENS="+strings.Repeat("another-token-", 3))
	plain := account(t, func(a *kratos.Account) { a.TwoFactor = false })
	newSignIn(t, plain).expectOut(nil)
}

// A code that was shown as sent goes out, even if the mail server is away, and Nidan dies before the server is back.
func TestACodeSurvivesACrash(t *testing.T) {
	n := newNidan(t)
	n.start() // without a mail server
	s := newSignIn(t, account(t, nil))
	s.expect("code_sent", 1990001, nil)
	n.eventually("sending has failed", func() bool { return strings.Contains(n.log.String(), "a mail could not be sent") })
	n.kill()
	n.openMailbox()
	n.start()
	s.expectIn(code(n.code(1)))
}

func TestACodeThatCannotBeSentIsGivenUpAndRecorded(t *testing.T) {
	n := newNidan(t, "NIDAN_POLICIES_DIR="+shortPolicies(t, 2, 1))
	n.start() // without a mail server
	newSignIn(t, account(t, nil)).expect("code_sent", 1990001, nil)
	n.eventually("giving up is logged", func() bool {
		return strings.Contains(n.log.String(), "a code expired before its mail could be sent")
	})
	n.stop()
	var given int
	err := n.database().QueryRowContext(t.Context(), `SELECT count(*) FROM records WHERE kind = 'mail_given_up'`).Scan(&given)
	if err != nil || given != 1 {
		t.Errorf("%d records, %v", given, err)
	}
}
