package journal_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nidan/exchange"
	"nidan/journal"
	"nidan/records"
	"nidan/settings"
	"nidan/store"
)

// scene is a database with records, and the parts that seal and verify them.
type scene struct {
	*store.Store
	sealer   *journal.Sealer
	clock    time.Time
	public   string
	log      strings.Builder
	keepDays int
}

func newScene(t *testing.T) *scene {
	t.Helper()
	st, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if err := st.Migrate(t.Context(), settings.Settings{RememberDays: 30}); err != nil {
		t.Fatal(err)
	}
	s := &scene{Store: st, clock: time.Date(2026, 4, 1, 9, 0, 0, 123456000, time.UTC)}
	private, public, err := journal.GenerateKey(rand.Reader, "login.example.com")
	if err != nil {
		t.Fatal(err)
	}
	s.public = public
	s.sealer = s.newSealer(t, private)
	return s
}

func (s *scene) newSealer(t *testing.T, private string) *journal.Sealer {
	t.Helper()
	key, err := journal.NewKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return &journal.Sealer{Store: s.Store, Key: key, Now: func() time.Time { return s.clock }, Log: slog.New(slog.NewTextHandler(&s.log, nil))}
}

// write writes n records, one second apart.
func (s *scene) write(t *testing.T, n int) {
	t.Helper()
	err := s.Update(t.Context(), "", func(tx exchange.Tx) error {
		for i := range n {
			s.clock = s.clock.Add(time.Second)
			r := records.Record{
				At: s.clock, Kind: "sign_in", Account: "id", Name: fmt.Sprint("agent-", i), By: "admin", Flow: "flow", Challenge: "challenge",
				State: "allowed", Reason: "two_factor_off", Revision: "0123456789abcdef", Detail: []byte(fmt.Sprintf(`{"name":"\u003c日本 %d"}`, i)),
			}
			if err := tx.AddRecord(t.Context(), r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *scene) seal(t *testing.T) {
	t.Helper()
	if err := s.sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// exec runs a statement, like an attacker who may write to the database.
func (s *scene) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := s.DB().ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (s *scene) verifier(t *testing.T, public ...string) *journal.Verifier {
	t.Helper()
	keys, err := journal.ReadKeys(public...)
	if err != nil {
		t.Fatal(err)
	}
	return &journal.Verifier{Keys: keys, KeepDays: s.keepDays, Now: func() time.Time { return s.clock }}
}

func (s *scene) verify(t *testing.T) journal.Report {
	t.Helper()
	return verified(t, s.verifier(t, s.public), s.Store)
}

func verified(t *testing.T, v *journal.Verifier, of journal.Source) journal.Report {
	t.Helper()
	r, err := v.Verify(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// export returns an export of the records that the filter selects.
func (s *scene) export(t *testing.T, f records.Filter) string {
	t.Helper()
	var b strings.Builder
	if err := export(t.Context(), &b, s.Store, f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func export(ctx context.Context, to io.Writer, st *store.Store, f records.Filter) error {
	records, err := st.Records(ctx, f)
	if err != nil {
		return err
	}
	leaves, err := st.LeavesOf(ctx, records)
	if err != nil {
		return err
	}
	e := journal.NewExport(to)
	for _, r := range records {
		l, sealed := leaves[r.ID]
		of := &l
		if !sealed {
			of = nil
		}
		if err := e.Record(r, of); err != nil {
			return err
		}
	}
	return e.End(ctx, st)
}

// has says whether a report has a problem of this kind about this record.
func has(r journal.Report, kind string, record int64) bool {
	for _, p := range r.Problems {
		if p.Kind == kind && p.Record == record {
			return true
		}
	}
	return false
}
