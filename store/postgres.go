package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// postgres is PostgreSQL, for several processes at once. Each unit of work is a transaction that holds the lock of its account from
// beginning to end. Other units of work for the same account wait, in all processes.
type postgres struct {
	pool *pgxpool.Pool
	db   *sql.DB // the same pool
}

// postgresBounds are limits that PostgreSQL enforces for each connection. Without them, the connection of a process that is gone
// could keep an account's lock, and every sign-in of this account would wait for it.
var postgresBounds = map[string]string{
	"application_name":                    "nidan",
	"statement_timeout":                   "5s", // as long as a call from Kratos may take
	"idle_in_transaction_session_timeout": "5s",
}

// postgresConnections is the maximum number of connections that a process opens, unless the URL says otherwise (pool_max_conns). Each
// unit of work keeps its connection while it waits for the disk. By default, PostgreSQL accepts 100 connections from all processes
// together.
const postgresConnections = 20

// postgresWithin is the timeout of a unit of work, for callers whose context has no deadline.
const postgresWithin = 10 * time.Second

func openPostgres(ctx context.Context, url string) (*postgres, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("open the database: its URL cannot be read") // err may contain the password in the URL
	}
	for name, value := range postgresBounds {
		if _, set := c.ConnConfig.RuntimeParams[name]; !set {
			c.ConnConfig.RuntimeParams[name] = value
		}
	}
	if !strings.Contains(url, "pool_max_conns") {
		c.MaxConns = postgresConnections
	}
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = 3 * time.Second
	}
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err == nil {
		if err = pool.Ping(ctx); err != nil {
			pool.Close()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open the database at %s: %w", c.ConnConfig.Host, err)
	}
	return &postgres{pool: pool, db: stdlib.OpenDBFromPool(pool)}, nil
}

func (p *postgres) close() error {
	err := p.db.Close()
	p.pool.Close()
	return err
}

func (p *postgres) plain() *sql.DB { return p.db }

func (p *postgres) dialect() dialect {
	return dialect{
		goose: goose.DialectPostgres, migrations: "migrations/postgres", takeUnlocked: "FOR UPDATE OF m SKIP LOCKED",
		notify: "SELECT pg_notify($1, $2)", givenID: "OVERRIDING SYSTEM VALUE",
		holds:  `position(CAST(? AS BYTEA) IN detail) > 0`,
		tables: `SELECT tablename FROM pg_tables WHERE schemaname = current_schema()`,
	}
}

// update runs a unit of work for an account, in a transaction that holds the account's lock.
func (p *postgres) update(ctx context.Context, account string, fn func(executor) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, postgresWithin)
	defer cancel()
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("wait for the database: %w", err)
	}
	defer conn.Release() // Release closes a connection that is still within a transaction
	work := &pipeline{conn: conn.Conn(), waiting: &pgx.Batch{}}
	if err := work.begin(ctx, account); err != nil {
		return err
	}
	kept := false
	defer func() {
		if !kept {
			work.undo()
		}
	}()
	if err := fn(work); err != nil {
		return err
	}
	if err := work.commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	kept = true
	return nil
}

func (p *postgres) exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := p.pool.Exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

func (p *postgres) add(ctx context.Context, query string, args ...any) error {
	_, err := p.exec(ctx, query, args...)
	return err
}

func (p *postgres) query(ctx context.Context, query string, args ...any) (rows, error) {
	return p.pool.Query(ctx, query, args...)
}

func (p *postgres) row(ctx context.Context, query string, args ...any) row {
	return p.pool.QueryRow(ctx, query, args...)
}

// migrating is the key of the advisory lock that a process holds while it changes the tables. The keys of accounts' locks are 64-bit
// hashes.
const migrating = 4455

// alone holds the lock for changes of the tables while fn runs. The lock is held by a connection of its own and ends with that
// connection. fn gets other connections, without the timeouts of a sign-in, because filling a new column of a large table can take
// long. But fn's statements wait at most 2 seconds for the lock of a table, because every sign-in waits behind them meanwhile.
func (p *postgres) alone(ctx context.Context, fn func(*sql.DB) error) error {
	c := p.pool.Config().ConnConfig.Copy()
	c.RuntimeParams["statement_timeout"], c.RuntimeParams["lock_timeout"] = "0", "2s"
	db := stdlib.OpenDB(*c)
	defer db.Close()
	lock, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer lock.Close()
	for _, statement := range []string{"SET lock_timeout = 0", fmt.Sprintf("SELECT pg_advisory_lock(%d)", migrating)} {
		if _, err := lock.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("wait for another process that changes the tables: %w", err)
		}
	}
	return fn(db)
}

func (p *postgres) backup(context.Context, string) error {
	return errors.New("this database is PostgreSQL: use pg_dump, see docs/operating.md")
}
