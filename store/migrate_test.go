package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"nidan/exchange"
	"nidan/settings"
	"nidan/store"
)

// Before version 9, messages waited in River's tables.
func TestMessagesThatWaitedInAnOlderDatabaseAreSent(t *testing.T) {
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err := s.Provider(store.Migrations)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`CREATE TABLE river_job (id INTEGER PRIMARY KEY, state TEXT, args BLOB)`,
		`CREATE TABLE river_queue (name TEXT)`,
		`INSERT INTO river_job (state, args) VALUES ('completed', '{"challenge": "1"}'),
			('retryable', '{"challenge": "2", "account": "agent", "to": "agent@example.com", "sealed_code": "AQID",
				"valid_for": 600000000000, "expires_at": "2026-04-01T09:10:00Z"}')`,
		`INSERT INTO sign_ins (account_id, authenticated_at, channel, second_step) VALUES ('agent', 7, 'softphone', 'passed')`,
		`INSERT INTO deliveries (key, digest, status, body, at) VALUES ('k', x'01', 204, x'', 7)`,
	} {
		if _, err := s.DB().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Migrate(t.Context(), settings.Settings{RememberDays: 30}); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	taken, err := s.TakeMessages(t.Context(), now, now.Add(time.Minute), 10)
	if err != nil || len(taken) != 1 || taken[0].Challenge != "2" || taken[0].To != "agent@example.com" || taken[0].ValidFor != 10*time.Minute {
		t.Errorf("took %+v, %v", taken, err)
	}
	if got, err := s.SignIn(t.Context(), "agent", time.UnixMicro(7)); err != nil || got.SecondStep != exchange.StepPassed {
		t.Errorf("the sign-in is %+v, %v", got, err)
	}
	if got, err := s.Situation(t.Context(), exchange.Call{Delivery: "k"}); err != nil || !got.Answered {
		t.Errorf("the answer is %+v, %v", got, err)
	}
	var left int
	if err := s.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM sqlite_master WHERE name LIKE 'river%'`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d things of River's are left, %v", left, err)
	}
}
