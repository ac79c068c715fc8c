package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"nidan/challenge"
)

//go:embed migrations
var migrations embed.FS

// Outbox takes a message on its way inside the transaction of what it belongs to.
type Outbox interface {
	Insert(ctx context.Context, tx *sql.Tx, m challenge.Message) error
}

// Store is the database. It is safe for concurrent use.
type Store struct {
	// Outbox is where messages go. It is set once, before the first Update: the queue that implements it lives in this
	// same database, and so can only be made after the store.
	Outbox Outbox

	db     *sql.DB // reads
	writer *writer
}

var (
	_ challenge.Store  = (*Store)(nil)
	_ challenge.Reader = (*Store)(nil)

	_ challenge.Overview = (*Store)(nil)
)

// busyTimeout bounds the wait for another writer. Kratos is waiting, and so is a person.
const busyTimeout = 2 * time.Second

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
	if mode == "rwc" {
		if err := makeFile(path); err != nil {
			return nil, fmt.Errorf("open the database: %w", err)
		}
	}
	// IMMEDIATE: a transaction takes the one write lock when it begins, so that what it reads cannot change before it
	// writes, and it can never fail half-way for want of the lock. WAL: readers go on meanwhile.
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
	}}
	name := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
	var pools [2]*sql.DB
	for i := range pools {
		db, err := sql.Open("sqlite", name)
		if err == nil {
			err = db.PingContext(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("open the database %s: %w", path, err)
		}
		pools[i] = db
	}
	pools[0].SetMaxOpenConns(8)
	return &Store{db: pools[0], writer: newWriter(pools[1])}, nil
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

// DB is the connection that is written on, for a queue that keeps its jobs in the same database. There is one: whoever holds a
// transaction on it must not ask for another.
func (s *Store) DB() *sql.DB { return s.writer.db }

// Statements is how many statements have been run for units of work, since the store was opened: each is a part of what a sign-in
// waits for.
func (s *Store) Statements() int64 { return s.writer.statements.Load() }

// Close closes the database, once what is being written is.
func (s *Store) Close() error { return errors.Join(s.writer.close(), s.db.Close()) }

// Migrate brings the tables up to date and, in a new database, puts the switches to initial. Switches that are there
// already are left alone. It may be run by several processes in turn.
func (s *Store) Migrate(ctx context.Context, initial challenge.Settings) error {
	dir, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, s.writer.db, dir)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	_, err = s.writer.db.ExecContext(ctx, `INSERT INTO settings (id, two_factor, admin_console, softphone, remember, remember_days)
		VALUES (1, $1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		initial.TwoFactor, initial.AdminConsole, initial.Softphone, initial.Remember, initial.RememberDays)
	if err != nil {
		return fmt.Errorf("write the initial settings: %w", err)
	}
	return nil
}

// Ready says whether the database can be written to, by taking the write lock and giving it back. A database that can
// only be read lets nobody in, so reading from it proves nothing.
func (s *Store) Ready(ctx context.Context) error {
	tx, err := s.writer.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("take the write lock: %w", err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `UPDATE settings SET id = id`); err != nil {
		return fmt.Errorf("write to the database: %w", err)
	}
	return nil
}

// Update implements [challenge.Store]. Units of work are carried out one after the other, which is more than the one per account
// that is asked for.
func (s *Store) Update(ctx context.Context, _ string, fn func(challenge.Tx) error) error {
	return s.writer.do(ctx, s.Outbox, func(t *tx) error { return fn(t) })
}
