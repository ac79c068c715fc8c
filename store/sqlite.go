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

// busyTimeout bounds the wait for another process that writes. Kratos is waiting, and so is a person.
const busyTimeout = 2 * time.Second

// readers is how many connections read beside the writer.
const readers = 8

// sqlite is SQLite inside the process. It runs statements, outside of units of work, on connections that read.
type sqlite struct {
	*prepared
	db     *sql.DB
	writer *writer
	lock   *flock.Flock // nil for one who only reads
}

// openSQLite opens the file; mode is SQLite's "rw", or "rwc" to make the file where there is none.
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
	// WAL: who reads goes on while somebody writes. FULL: what is committed is on the disk. temp_store: what a savepoint would undo
	// is kept in memory, not in a file.
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

// alone needs no lock: the one process that may write has the file's.
func (s *sqlite) alone(_ context.Context, fn func(*sql.DB) error) error { return fn(s.db) }

// listen returns nil: there is one process.
func (s *sqlite) listen(context.Context, string) <-chan struct{} { return nil }

// update carries out units of work one after the other, which is more than the one per account that is asked for.
func (s *sqlite) update(ctx context.Context, _ string, fn func(executor) error) error {
	return s.writer.do(ctx, fn)
}

// makeFile makes the file where there is none, for its owner alone whatever the umask: it holds who signed in from where, and what
// remembered devices are known by. SQLite gives the files beside it (-wal, -shm) the same mode. A file that is there keeps its mode,
// which may let a backup read it: whether that is meant, only its owner knows.
func makeFile(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // what may be wrong with it, SQLite says
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// lockFile takes the lock of a database's file, or says that another process has it. Two processes that write would wait for each other
// by trying again and again, and one would not see what the other one has just been told in the console. The lock ends with the process,
// however it ends. It is a file of its own: SQLite has locks of its own on the database's.
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
