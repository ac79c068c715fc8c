package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"

	"nidan/challenge"
)

//go:embed migrations
var migrations embed.FS

// Store is the database. It is safe for concurrent use.
type Store struct {
	db     *sql.DB   // for all but units of work
	read   *prepared // on db
	writer *writer
	queued chan struct{} // see [Store.Queued]
}

var (
	_ challenge.Store    = (*Store)(nil)
	_ challenge.Outbox   = (*Store)(nil)
	_ challenge.Reader   = (*Store)(nil)
	_ challenge.Overview = (*Store)(nil)
)

// Open opens the database that a URL names: "sqlite:PATH". The file is made if it is not there, for its owner alone; its tables are
// not, see [Store.Migrate].
func Open(ctx context.Context, databaseURL string) (*Store, error) {
	return open(ctx, databaseURL, "rwc")
}

// OpenExisting opens a database as [Open] does, if it is there.
func OpenExisting(ctx context.Context, databaseURL string) (*Store, error) {
	return open(ctx, databaseURL, "rw")
}

func open(ctx context.Context, databaseURL, mode string) (*Store, error) {
	path, ok := strings.CutPrefix(databaseURL, "sqlite:")
	if !ok || path == "" {
		return nil, errors.New("open the database: its URL must be sqlite:PATH")
	}
	return openSQLite(ctx, path, mode)
}

// DB is the database itself, for tests and for tools that fill it. What is written there waits for the units of work, and they for
// it.
func (s *Store) DB() *sql.DB { return s.db }

// Statements is how many statements have been run for units of work, since the store was opened: each is a part of what a sign-in
// waits for.
func (s *Store) Statements() int64 { return s.writer.statements.Load() }

// Close closes the database, once what is being written is.
func (s *Store) Close() (err error) {
	if s.writer != nil {
		err = s.writer.close()
	}
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
	}
	return err
}

// Migrate brings the tables up to date and, in a new database, puts the switches to initial. Switches that are there
// already are left alone. It may be run by several processes in turn.
func (s *Store) Migrate(ctx context.Context, initial challenge.Settings) error {
	p, err := s.migrations()
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO settings (id, two_factor, admin_console, softphone, remember, remember_days)
		VALUES (1, $1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		initial.TwoFactor, initial.AdminConsole, initial.Softphone, initial.Remember, initial.RememberDays)
	if err != nil {
		return fmt.Errorf("write the initial settings: %w", err)
	}
	return nil
}

func (s *Store) migrations() (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, s.db, dir)
}

// Ready says whether the database can be written to, by writing. A database that can only be read lets nobody in, so reading from it
// proves nothing.
func (s *Store) Ready(ctx context.Context) error {
	return s.update(ctx, func(t *tx) error {
		if err := t.add(ctx, `UPDATE settings SET id = id`); err != nil {
			return fmt.Errorf("write to the database: %w", err)
		}
		return nil
	})
}

// Update implements [challenge.Store]. Units of work are carried out one after the other, which is more than the one per account
// that is asked for.
func (s *Store) Update(ctx context.Context, _ string, fn func(challenge.Tx) error) error {
	return s.update(ctx, func(t *tx) error { return fn(t) })
}

func (s *Store) update(ctx context.Context, fn func(*tx) error) error { return s.writer.do(ctx, fn) }

// tellQueued tells whoever sends messages that there are some.
func (s *Store) tellQueued() {
	select {
	case s.queued <- struct{}{}:
	default: // has been told, and has not looked yet
	}
}
