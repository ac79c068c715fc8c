package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/pressly/goose/v3"

	"nidan/exchange"
	"nidan/records"
)

// database is one kind of database. Its executor methods run statements outside of units of work.
type database interface {
	executor
	// update runs a unit of work as [exchange.Store.Update] says. If account is empty, it locks no account.
	update(ctx context.Context, account string, fn func(executor) error) error
	dialect() dialect
	// listen returns a channel that gets a value when a process sends a notification on the given channel. It returns nil if the
	// database has no notifications.
	listen(ctx context.Context, channel string) <-chan struct{}
	plain() *sql.DB
	// alone runs fn, which changes the tables, while no other process changes them.
	alone(ctx context.Context, fn func(*sql.DB) error) error
	// backup writes the backup for [Store.Backup] into a file that exists and is empty.
	backup(ctx context.Context, path string) error
	close() error
}

// dialect has the parts of statements that differ between kinds of databases.
type dialect struct {
	goose        goose.Dialect
	migrations   string // folder of the migrations
	takeUnlocked string // end of a query that skips the rows that other transactions have locked, and locks the others
	notify       string // statement that sends $2 to all processes that listen on $1; empty: there is only one process
	tables       string // query for the names of all tables
	holds        string // condition that the detail of a record contains these bytes (?)
	givenID      string // comes before VALUES where a statement gives a new row's ID, though the database would give one
}

// Store is a database. Its methods may be called concurrently.
type Store struct {
	db     database
	queued chan struct{} // see [Store.Queued]

	statements atomic.Int64
}

var (
	_ exchange.Store = (*Store)(nil)
	_ records.Reader = (*Store)(nil)
)

// Open opens the database of a URL: "sqlite:PATH" or "postgres://…". It creates the SQLite file if the file does not exist; only the
// file's owner may read it. It creates no tables ([Store.Prepare] does). It returns an error if another process has opened the SQLite
// file with Open.
func Open(ctx context.Context, databaseURL string) (*Store, error) {
	return open(ctx, databaseURL, "rwc")
}

// OpenExisting opens an existing database to read it, even if another process has opened it.
func OpenExisting(ctx context.Context, databaseURL string) (*Store, error) {
	return open(ctx, databaseURL, "rw")
}

func open(ctx context.Context, databaseURL, mode string) (*Store, error) {
	s := &Store{queued: make(chan struct{}, 1)}
	var err error
	kind, path, _ := strings.Cut(databaseURL, ":")
	switch {
	case kind == "sqlite" && path != "":
		s.db, err = openSQLite(ctx, path, mode)
	case kind == "postgres" || kind == "postgresql":
		s.db, err = openPostgres(ctx, databaseURL)
	default:
		err = errors.New("open the database: its URL must be sqlite:PATH or postgres://…")
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// DB returns the database handle, for tests and for tools that fill the database. On SQLite, a write through DB waits for running
// units of work, and units of work wait for that write.
func (s *Store) DB() *sql.DB { return s.db.plain() }

// Statements returns how many statements have run in units of work since the store was opened. A sign-in waits for each of its
// statements.
func (s *Store) Statements() int64 { return s.statements.Load() }

// Close closes the database. It waits until running writes have ended.
func (s *Store) Close() error { return s.db.close() }

// Update implements [exchange.Store].
func (s *Store) Update(ctx context.Context, account string, fn func(exchange.Tx) error) error {
	return s.update(ctx, account, func(t *tx) error { return fn(t) })
}

func (s *Store) update(ctx context.Context, account string, fn func(*tx) error) error {
	t := &tx{}
	err := s.db.update(ctx, account, func(on executor) error {
		t.executor = counting{on, &s.statements}
		return fn(t)
	})
	if err == nil && t.queued {
		s.tellQueued()
	}
	return err
}

// tellQueued tells the mail worker that messages wait.
func (s *Store) tellQueued() {
	select {
	case s.queued <- struct{}{}:
	default: // a value waits in the channel already
	}
}
