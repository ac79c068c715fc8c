package e2e

import (
	"strings"
	"testing"

	"nidan/kratos"
	"nidan/store/postgrestest"
)

// In production Kratos runs on PostgreSQL, as docker-compose.yml has it.
func TestSignInWithKratosOnPostgreSQL(t *testing.T) {
	startKratos(t, postgrestest.Start(t).URL("postgres"))
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
