package e2e

import (
	"strings"
	"testing"

	"nidan/kratos"
)

// In production, Kratos runs on PostgreSQL, as in docker-compose.yml and in the other tests. The demo's Kratos runs on SQLite.
func TestSignInWithKratosOnSQLite(t *testing.T) {
	startKratosOn(t, kratosOnSQLite(t), origin)
	n := started(t)
	s := newSignIn(t, account(t, nil))
	s.expect("code_sent", 1990001, nil)
	right := n.code(1)
	s.expect("code_mismatch", 4990001, code(wrong(right)))
	s.expectIn(code(right))
	newSignIn(t, account(t, func(a *kratos.Account) { a.TwoFactor = false })).expectIn(nil)
	if strings.Contains(n.log.String(), "level=ERROR") {
		t.Errorf("errors were logged:\n%s", n.log)
	}
}
