package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/store"
	"nidan/store/postgrestest"
)

// Each sign-in that signingIn makes leaves a challenge and a record.
func TestABackupHasAllThatWasAnsweredBeforeItBegan(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		dir := t.TempDir()
		testBackup(t, "sqlite:"+filepath.Join(dir, "nidan.db"), func(s *store.Store) string {
			if err := s.Backup(t.Context(), filepath.Join(dir, "copy.db")); err != nil {
				t.Fatal(err)
			}
			return "sqlite:" + filepath.Join(dir, "copy.db")
		})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		server := postgrestest.Start(t)
		testBackup(t, server.New("nidan"), func(*store.Store) string {
			return server.Restore(server.Dump("nidan"), "restored")
		})
	})
}

func testBackup(t *testing.T, database string, backup func(*store.Store) (copied string)) {
	s := opened(t, database)
	if err := s.Prepare(t.Context(), initial); err != nil {
		t.Fatal(err)
	}
	waiting := challenge.Message{Challenge: "waiting", Account: "agent", ExpiresAt: time.Now()}
	device := challenge.Device{Account: "agent", TokenHash: []byte{2}, Channel: "softphone", VerifiedAt: time.Now()}
	err := s.Update(t.Context(), "agent", func(tx exchange.Tx) error {
		if err := tx.AddChallenge(t.Context(), &challenge.Challenge{ID: "open", Account: "agent", Flow: "flow", Facts: []byte{1}, CodeMAC: []byte{1}}); err != nil {
			return err
		}
		if err := tx.Send(t.Context(), waiting); err != nil {
			return err
		}
		return tx.RememberDevice(t.Context(), device)
	})
	if err != nil {
		t.Fatal(err)
	}
	signIns, stop := signingIn(t, s)
	defer stop()
	for signIns.Load() < 50 && !t.Failed() {
		time.Sleep(time.Millisecond)
	}
	before := signIns.Load()
	copied := opened(t, backup(s))
	stop()

	if err := copied.Prepare(t.Context(), initial); err != nil {
		t.Fatalf("it is not what this program can use: %v", err)
	}
	if err := copied.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	records, challenges := number(t, copied, "records"), number(t, copied, "challenges")
	if records < before || challenges != records+1 {
		t.Errorf("%d sign-ins were answered before, and it has %d records and %d challenges", before, records, challenges)
	}
	err = copied.Update(t.Context(), "agent", func(tx exchange.Tx) error {
		c, err := tx.LatestChallenge(t.Context(), "agent", "flow")
		if err != nil || c.ID != "open" || c.Closed != "" {
			t.Errorf("the open challenge is %+v, %v", c, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	taken, err := copied.TakeMessages(t.Context(), time.Now(), time.Now(), 10)
	if err != nil || len(taken) != 1 || taken[0].Challenge != "waiting" {
		t.Errorf("the mails that wait are %+v, %v", taken, err)
	}
	if n := number(t, copied, "devices"); n != 1 {
		t.Errorf("it has %d devices", n)
	}
}

func number(t *testing.T, s *store.Store, table string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(texts(t, s, `SELECT CAST(count(*) AS TEXT) FROM `+table)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestABackupIsAWholeFileForItsOwnerAlone(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, "sqlite:"+filepath.Join(dir, "nidan.db"))
	if err := s.Prepare(t.Context(), initial); err != nil {
		t.Fatal(err)
	}
	backups := filepath.Join(dir, "backups")
	if err := os.Mkdir(backups, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(backups, "a b?c#d%20.db")
	if err := s.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
	if err := s.Backup(t.Context(), path); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("over a file that is there: %v", err)
	}
	if after, err := os.Stat(path); err != nil || !after.ModTime().Equal(info.ModTime()) {
		t.Errorf("the file that was there is %v now, %v", after, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range map[string]error{
		"in a folder that is not there": s.Backup(t.Context(), filepath.Join(dir, "missing", "copy.db")),
		"that is broken off":            s.Backup(ended, filepath.Join(backups, "broken.db")),
		"after the database is closed":  func() error { s.Close(); return s.Backup(t.Context(), filepath.Join(backups, "closed.db")) }(),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "write the backup") {
			t.Errorf("a backup %s: %v", name, err)
		}
	}
	if left, err := os.ReadDir(backups); err != nil || len(left) != 1 {
		t.Errorf("beside the one there are %v, %v", left, err)
	}
}

func TestPostgreSQLHasProgramsOfItsOwnForBackups(t *testing.T) {
	path := filepath.Join(t.TempDir(), "copy.db")
	err := opened(t, postgrestest.Start(t).New("nidan")).Backup(t.Context(), path)
	if err == nil || !strings.Contains(err.Error(), "use pg_dump") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("there is a file")
	}
}
