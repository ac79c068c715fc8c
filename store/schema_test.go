package store_test

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/pressly/goose/v3"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/records"
	"nidan/store"
	"nidan/store/postgrestest"
	"nidan/store/storetest"
)

func TestEveryMigrationCanBeUndone(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url)
		if err := s.Migrate(t.Context(), initial); err != nil {
			t.Fatal(err)
		}
		exec(t, s, `INSERT INTO challenges (id, account_id, flow_id, channel, sent_to, facts, code_mac, code_length, attempts, max_attempts,
			remember_days, issued_at, expires_at, resend_at, closed) VALUES ('1', 'agent', 'flow', 'softphone', '', $1, $1, 6, 0, 10, 30, 1, 2, 1, '')`, []byte{1})
		exec(t, s, `INSERT INTO deliveries (key, digest, status, body, at) VALUES ('k', $1, 204, $1, 7)`, []byte{1})
		exec(t, s, `INSERT INTO records (at, kind, account_id, flow_id, challenge_id, state, reason, revision) VALUES (7, '', 'agent', '', '', '', '', '')`)
		exec(t, s, `INSERT INTO sign_ins (account_id, authenticated_at, channel, second_step, wrong_codes, wrong_codes_since) VALUES ('agent', 7, 'softphone', 'passed', 3, 7)`)
		exec(t, s, `INSERT INTO wrong_codes (account_id, flow_id, at, told) VALUES ('agent', 'flow', 7, FALSE)`)
		exec(t, s, `INSERT INTO devices (account_id, token_hash, channel, verified_at, ip, user_agent) VALUES ('agent', $1, 'softphone', 7, '', '')`, []byte{1})
		p, err := s.Provider(store.Migrations)
		if err != nil {
			t.Fatal(err)
		}
		versions := p.ListSources()
		for i := len(versions) - 2; i >= 0; i-- { // undo one version more in each round, and migrate to the newest version again
			if _, err := p.DownTo(t.Context(), versions[i].Version); err != nil {
				t.Fatalf("down to %d: %v", versions[i].Version, err)
			}
			if err := s.Migrate(t.Context(), initial); err != nil {
				t.Fatalf("up again from %d: %v", versions[i].Version, err)
			}
			kept := []string{"challenges", "deliveries", "records", "settings"}
			if versions[i].Version >= 4 {
				kept = append(kept, "devices", "sign_ins", "wrong_codes")
			}
			for _, table := range kept {
				if got := texts(t, s, `SELECT CAST(count(*) AS TEXT) FROM `+table); got[0] != "1" {
					t.Errorf("after version %d and back, %s has %s rows, want 1", versions[i].Version, table, got[0])
				}
			}
		}
		if _, err := p.DownTo(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if left := texts(t, s, tables(s)); len(left) != 1 || left[0] != goose.DefaultTablename {
			t.Errorf("with no migration there are %v", left)
		}
		if err := s.Migrate(t.Context(), initial); err != nil {
			t.Fatal(err)
		}
	})
}

func tables(s *store.Store) string {
	if strings.HasSuffix(s.MigrationsFolder(), "sqlite") {
		return `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`
	}
	return `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`
}

func TestADatabaseIsUsedByWhatUnderstandsIt(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url)
		refused := func(what, want string) {
			t.Helper()
			for name, err := range map[string]error{"Check": s.Check(t.Context()), "Ready": s.Ready(t.Context())} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %s is %v, want %q", what, name, err, want)
				}
			}
		}
		refused("an empty database", "run nidan migrate up")
		if err := s.Prepare(t.Context(), initial); err != nil {
			t.Fatalf("an empty database is not made: %v", err)
		}
		if err := s.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		known, err := s.Schema(t.Context())
		if err != nil || known.Version != known.Known || known.Oldest == 0 {
			t.Fatalf("the schema is %+v, %v", known, err)
		}

		if err := s.MigrateDown(t.Context()); err != nil {
			t.Fatal(err)
		}
		behind := "this program needs " + fmt.Sprint(known.Known) + ": run nidan migrate up"
		refused("an older database", behind)
		if err := s.Prepare(t.Context(), initial); err == nil || !strings.Contains(err.Error(), behind) {
			t.Errorf("an older database is prepared: %v", err)
		}
		if err := s.Migrate(t.Context(), initial); err != nil {
			t.Fatal(err)
		}

		apply(t, s, known.Known+1, `CREATE TABLE more (id TEXT PRIMARY KEY);`)
		for name, err := range map[string]error{"Prepare": s.Prepare(t.Context(), initial), "Ready": s.Ready(t.Context()), "Migrate": s.Migrate(t.Context(), initial)} {
			if err != nil {
				t.Errorf("%s of a newer database that is good enough: %v", name, err)
			}
		}
		apply(t, s, known.Known+2, fmt.Sprintf(`DROP TABLE wrong_codes; UPDATE compatibility SET oldest = %d;`, known.Known+2))
		refused("a newer database", "start a newer one")
		if err := s.Prepare(t.Context(), initial); err == nil || !strings.Contains(err.Error(), "start a newer one") {
			t.Errorf("a newer database is prepared: %v", err)
		}
		if err := s.MigrateDown(t.Context()); err == nil || !strings.Contains(err.Error(), "only a newer one can undo it") {
			t.Errorf("what this program does not know is undone: %v", err)
		}
	})
}

func TestTheFirstMigrationIsNotUndone(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url)
		if err := s.Migrate(t.Context(), initial); err != nil {
			t.Fatal(err)
		}
		var err error
		for range 100 {
			if err = s.MigrateDown(t.Context()); err != nil {
				break
			}
		}
		if err == nil || !strings.Contains(err.Error(), "there is nothing before") {
			t.Errorf("the last of them ended with %v", err)
		}
		if got := texts(t, s, `SELECT CAST(count(*) AS TEXT) FROM settings`); got[0] != "1" {
			t.Errorf("there are %s settings", got[0])
		}
	})
}

// apply runs a migration that this program does not have.
func apply(t *testing.T, s *store.Store, version int64, statements string) {
	t.Helper()
	newer := fstest.MapFS{}
	err := fs.WalkDir(store.Migrations, s.MigrationsFolder(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var data []byte
			data, err = fs.ReadFile(store.Migrations, path)
			newer[path] = &fstest.MapFile{Data: data}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	newer[fmt.Sprintf("%s/%05d_newer.sql", s.MigrationsFolder(), version)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + statements)}
	p, err := s.Provider(newer)
	if err == nil {
		_, err = p.UpTo(t.Context(), version)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// expanding has migrations that leave the tables usable for older programs.
var expanding = []string{
	`ALTER TABLE challenges ADD COLUMN newer INTEGER NOT NULL DEFAULT 0;`,
	`ALTER TABLE records ADD COLUMN newer TEXT NOT NULL DEFAULT ''; CREATE INDEX newer ON records (newer);`,
	`ALTER TABLE settings ADD COLUMN newer TEXT NOT NULL DEFAULT '';`,
	`CREATE TABLE more (id TEXT PRIMARY KEY);`,
}

// A newer program has migrated the database, while older programs run and are started. This needs PostgreSQL: on SQLite there is only
// one process.
func TestOldAndNewRunBesideEachOther(t *testing.T) {
	url := postgrestest.Start(t).New("nidan")
	s := opened(t, url)
	if err := s.Prepare(t.Context(), initial); err != nil {
		t.Fatal(err)
	}
	known, err := s.Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	signIns, stop := signingIn(t, s)
	goOn := func(n int64) {
		for end := signIns.Load() + n; signIns.Load() < end && t.Context().Err() == nil && !t.Failed(); {
			_ = s.Ready(t.Context())
		}
	}
	goOn(50)
	for i, migration := range expanding {
		apply(t, s, known.Known+1+int64(i), migration)
		goOn(10)
	}
	stop()
	restarted := opened(t, url)
	if err := restarted.Prepare(t.Context(), initial); err != nil {
		t.Errorf("an older program cannot be started: %v", err)
	}
	if err := restarted.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestThisProgramDoesAllOnANewerDatabase(t *testing.T) {
	newer := func(t *testing.T, url string) *store.Store {
		t.Helper()
		s := opened(t, url)
		if err := s.Migrate(t.Context(), initial); err != nil {
			t.Fatal(err)
		}
		known, err := s.Schema(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i, migration := range expanding {
			apply(t, s, known.Known+1+int64(i), migration)
		}
		return s
	}
	t.Run("SQLite", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) *store.Store { return newer(t, "sqlite:"+filepath.Join(t.TempDir(), "nidan.db")) })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		server := postgrestest.Start(t)
		var databases atomic.Int64
		storetest.Run(t, func(t *testing.T) *store.Store { return newer(t, server.New(fmt.Sprint("test_", databases.Add(1)))) })
	})
}

// signingIn creates and closes challenges without a pause. It fails the test if one of them cannot be written.
func signingIn(t *testing.T, s *store.Store) (done *atomic.Int64, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done = &atomic.Int64{}
	var all sync.WaitGroup
	for caller := range 4 {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				id := fmt.Sprint(caller, "-", n)
				err := s.Update(ctx, id, func(tx exchange.Tx) error {
					if _, err := tx.Situation(ctx, exchange.Call{Delivery: id, Account: id, Flow: id}); err != nil {
						return err
					}
					if err := tx.AddChallenge(ctx, &challenge.Challenge{ID: id, Account: id, Flow: id, Facts: []byte{1}, CodeMAC: []byte{1}}); err != nil {
						return err
					}
					if _, err := tx.CloseChallenge(ctx, id, challenge.ClosedPassed, time.Now()); err != nil {
						return err
					}
					return tx.AddRecord(ctx, records.Record{At: time.Now(), Account: id})
				})
				if err != nil && ctx.Err() == nil {
					t.Errorf("a sign-in failed: %v", err)
					return
				}
				done.Add(1)
			}
		})
	}
	return done, func() { cancel(); all.Wait() }
}
