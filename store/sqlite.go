package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// busyTimeout is how long a write waits for another process that writes. Kratos and a person wait meanwhile.
const busyTimeout = 2 * time.Second

// readers is the number of connections that read beside the writer.
const readers = 8

// sqlite is SQLite inside the process. Statements outside of units of work run on the reading connections.
type sqlite struct {
	*prepared
	db     *sql.DB
	writer *writer
	lock   *flock.Flock // nil if the database was opened by [OpenExisting]
}

// openSQLite opens the file. mode is SQLite's "rw", or "rwc" to create the file if it does not exist.
func openSQLite(ctx context.Context, path, mode string) (_ *sqlite, err error) {
	s := &sqlite{}
	if mode == "rwc" {
		if err := makeFile(path); err != nil {
			return nil, fmt.Errorf("open the database: %w", err)
		}
		if s.lock, err = lockFile(path); err != nil {
			return nil, fmt.Errorf("open the database %s: %w", path, err)
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, s.lock.Close())
			}
		}()
	}
	// WAL: readers do not wait for a writer. FULL: a commit returns when the data is on the disk. temp_store: SQLite keeps the data
	// for undoing a savepoint in memory, not in a file.
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)",
	}}
	name := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
	var pools [2]*sql.DB
	for i := range pools {
		pools[i], err = sql.Open("sqlite", name)
		if err == nil {
			err = pools[i].PingContext(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("open the database %s: %w", path, err)
		}
		pools[i].SetMaxOpenConns(readers)
		pools[i].SetMaxIdleConns(readers)
	}
	if s.writer, err = newWriter(ctx, pools[1]); err != nil {
		return nil, fmt.Errorf("open the database %s: %w", path, err)
	}
	s.prepared, s.db = &prepared{on: pools[0]}, pools[0]
	return s, nil
}

func (s *sqlite) close() error {
	err := errors.Join(s.writer.close(), s.db.Close())
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

func (s *sqlite) plain() *sql.DB { return s.db }

func (s *sqlite) dialect() dialect {
	return dialect{
		goose: goose.DialectSQLite3, migrations: "migrations/sqlite",
		holds:  `instr(detail, CAST(? AS BLOB)) > 0`,
		tables: `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`,
	}
}

// alone takes no lock, because only one process may write, and this process holds the lock of the file.
func (s *sqlite) alone(_ context.Context, fn func(*sql.DB) error) error { return fn(s.db) }

// listen returns nil, because there is only one process.
func (s *sqlite) listen(context.Context, string) <-chan struct{} { return nil }

// update runs units of work one after the other. The contract asks for less: one at a time for each account.
func (s *sqlite) update(ctx context.Context, _ string, fn func(executor) error) error {
	return s.writer.do(ctx, fn)
}

// makeFile creates the file if it does not exist. Only its owner may read it, whatever the umask is, because the file contains who
// signed in from where, and the token hashes of remembered devices. SQLite gives the files beside it (-wal, -shm) the same mode. An
// existing file keeps its mode: its owner may have chosen that mode on purpose, for example so that a backup program can read the
// file.
func makeFile(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // if the file has another problem, SQLite reports it
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// lockFile takes the lock of a database file, or returns an error if another process holds it. With two processes, writers would wait
// for each other by polling, and one process would not notice a change that was made in the other one's console. The operating system
// releases the lock when the process ends, for whatever reason. The lock is a file of its own, because SQLite uses its own locks on
// the database file.
func lockFile(path string) (*flock.Flock, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	lock := flock.New(real+".lock", flock.SetPermissions(0o600))
	taken, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock it: %w", err)
	}
	if !taken {
		return nil, errors.New("another process has it open, and SQLite serves one: stop the other one, or keep the database in PostgreSQL")
	}
	return lock, nil
}
