package contract

import (
	"fmt"
	"testing"

	"github.com/anishathalye/porcupine"
)

// expectKept expects that the database agrees with the answers: each code has a mail, each answer has a record, and each sign-in that was
// let in is stored.
func (s *scene) expectKept(t *testing.T, history []porcupine.Operation) {
	t.Helper()
	for what, query := range map[string]string{
		"codes without a mail":            `SELECT count(*) FROM challenges LEFT JOIN mails ON challenge_id = id WHERE challenge_id IS NULL`,
		"mails without a code":            `SELECT count(*) FROM mails LEFT JOIN challenges ON challenge_id = id WHERE id IS NULL`,
		"answers and records that differ": `SELECT (SELECT count(*) FROM deliveries) - (SELECT count(*) FROM records WHERE kind = 'sign_in')`,
		"sign-ins without an answer":      `SELECT (SELECT count(*) FROM sign_ins) - (SELECT count(*) FROM deliveries WHERE status = 204)`,
	} {
		var n int
		if err := s.stores[0].DB().QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
	sent := s.kept(t, `SELECT challenge_id FROM mails`)
	in := s.kept(t, `SELECT account_id || ' ' || authenticated_at FROM sign_ins`)
	for _, o := range history {
		c, out := o.Input.(call), o.Output.(answer)
		if out.state == "passed" && c.what == "login" && !in[fmt.Sprint(c.account, " ", c.begun)] {
			t.Errorf("a sign-in of %s was let through that is not kept", c.account)
		}
		if (out.state == "code_sent" || out.state == "code_resent") && !sent[out.challenge] {
			t.Errorf("the code %s was shown as sent, and there is no mail", out.challenge)
		}
	}
}

func (s *scene) kept(t *testing.T, query string) map[string]bool {
	t.Helper()
	rows, err := s.stores[0].DB().QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]bool{}
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		all[one] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
