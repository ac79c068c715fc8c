package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"nidan/exchange"
	"nidan/journal"
	"nidan/records"
	"nidan/store/postgrestest"
)

// On PostgreSQL, of two units of work, the one whose record has the smaller ID can commit last.
func TestARecordThatIsSeenLateIsSealed(t *testing.T) {
	server := postgrestest.Start(t)
	for name, tc := range map[string]struct {
		after time.Duration // when the record becomes visible, counted from the time when the records after it were sealed
		late  bool          // later than any unit of work can last
	}{
		"a moment later":                {time.Second, false},
		"later than should be possible": {time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, server.New(fmt.Sprint("late_", tc.late)))
			if err := s.Migrate(t.Context(), initial); err != nil {
				t.Fatal(err)
			}
			clock := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
			sealer := &journal.Sealer{Store: s, Now: func() time.Time { return clock }, Log: slog.New(slog.DiscardHandler)}
			seal := func() {
				t.Helper()
				if err := sealer.Seal(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			unsealed := func() int64 {
				t.Helper()
				r, err := (&journal.Verifier{Now: func() time.Time { return clock }}).Verify(t.Context(), s)
				if err != nil || r.Found != 0 {
					t.Fatalf("%+v, %v", r, err)
				}
				return r.NotSealed
			}
			add := func(account string, then func(tx exchange.Tx)) error {
				return s.Update(context.WithoutCancel(t.Context()), account, func(tx exchange.Tx) error {
					if err := tx.AddRecord(t.Context(), records.Record{At: clock, Kind: "sign_in", Account: account}); err != nil {
						return err
					}
					_, err := tx.Settings(t.Context()) // Settings makes the pipeline send the insert of the record
					then(tx)
					return err
				})
			}
			written, end, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			go func() { ended <- add("first", func(exchange.Tx) { close(written); <-end }) }()
			<-written
			if err := add("second", func(exchange.Tx) {}); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				seal()
				clock = clock.Add(tc.after)
			}
			close(end)
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			if n := unsealed(); n != 1 {
				t.Fatalf("%d records are not sealed", n)
			}
			seal()
			if n := unsealed(); (n == 1) != tc.late {
				t.Errorf("then %d are not", n)
			}
			clock = clock.Add(25 * time.Hour) // once a day, the sealer looks through all records
			seal()
			if n := unsealed(); n != 0 {
				t.Errorf("a day later %d are not", n)
			}
		})
	}
}
