package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// busyTimeout bounds the wait for another process that writes. Kratos is waiting, and so is a person.
const busyTimeout = 2 * time.Second

// readers is how many connections read beside the writer.
const readers = 8

// openSQLite opens the file; mode is SQLite's "rw", or "rwc" to make the file where there is none.
func openSQLite(ctx context.Context, path, mode string) (_ *Store, err error) {
	if mode == "rwc" {
		if err := makeFile(path); err != nil {
			return nil, fmt.Errorf("open the database: %w", err)
		}
	}
	// WAL: who reads goes on while somebody writes. FULL: what is committed is on the disk. temp_store: what a savepoint would undo
	// is kept in memory, not in a file.
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)",
	}}
	name := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
	s := &Store{queued: make(chan struct{}, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open the database %s: %w", path, err), s.Close())
		}
	}()
	if s.db, err = sql.Open("sqlite", name); err != nil {
		return nil, err
	}
	s.db.SetMaxOpenConns(readers)
	s.db.SetMaxIdleConns(readers)
	s.read = &prepared{on: s.db}
	writes, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	s.writer, err = newWriter(ctx, writes, s.tellQueued)
	return s, err
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
