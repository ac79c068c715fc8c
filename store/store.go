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

// database is one kind of database. As an executor it reads, outside of units of work.
type database interface {
	executor
	// update is [exchange.Store.Update]. No account is locked where it is empty.
	update(ctx context.Context, account string, fn func(executor) error) error
	dialect() dialect
	// listen returns a channel that gets a value when another process says something there. It is nil where there is none.
	listen(ctx context.Context, channel string) <-chan struct{}
	plain() *sql.DB
	// alone carries out what changes the tables, while no other process does so.
	alone(ctx context.Context, fn func(*sql.DB) error) error
	// backup is [Store.Backup], into a file that is there and empty.
	backup(ctx context.Context, path string) error
	close() error
}

// dialect is what differs between kinds of databases in statements.
type dialect struct {
	goose        goose.Dialect
	migrations   string // folder
	takeUnlocked string // ends a query for rows that nobody else takes meanwhile
	notify       string // says something ($2) to all processes that listen ($1); empty: there is one process
	tables       string // a query for the names of all tables
	holds        string // a condition on the detail of a record: it has these bytes (?)
	givenID      string // goes before VALUES where a new row's id is given, though the database would give one
}

// Store is the database. It is safe for concurrent use.
type Store struct {
	db     database
	queued chan struct{} // see [Store.Queued]

	statements atomic.Int64
}

var (
	_ exchange.Store = (*Store)(nil)
	_ records.Reader = (*Store)(nil)
)

// Open opens the database that a URL names: "sqlite:PATH" or "postgres://…". The file of SQLite is made if it is not there, for its
// owner alone; tables are not, see [Store.Prepare]. A file that another process has opened in this way is refused.
func Open(ctx context.Context, databaseURL string) (*Store, error) {
	return open(ctx, databaseURL, "rwc")
}

// OpenExisting opens a database, if it is there, to read from it while another process may have it open.
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

// DB is the database itself, for tests and for tools that fill it. On SQLite, what is written there waits for the units of work, and
// they for it.
func (s *Store) DB() *sql.DB { return s.db.plain() }

// Statements is how many statements have been run in units of work, since the store was opened: each is a part of what a sign-in
// waits for.
func (s *Store) Statements() int64 { return s.statements.Load() }

// Close closes the database, once what is being written is.
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

// tellQueued tells whoever sends messages that there are some.
func (s *Store) tellQueued() {
	select {
	case s.queued <- struct{}{}:
	default: // has been told, and has not looked yet
	}
}
