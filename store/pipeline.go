package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// pipeline is an executor on one connection of PostgreSQL, within a transaction. Statements that nobody waits for are sent with the
// next that somebody waits for: what takes long is the way there and back.
type pipeline struct {
	conn    *pgx.Conn
	waiting *pgx.Batch
	trips   int // there and back
}

func (p *pipeline) begin(ctx context.Context, account string) error {
	p.waiting.Queue("BEGIN")
	if account == "" {
		return nil
	}
	return p.add(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, account)
}

// commit makes durable what was done. That is so only if PostgreSQL says so: it answers COMMIT, in a transaction in which something
// has failed, by undoing it.
func (p *pipeline) commit(ctx context.Context) error {
	p.waiting.Queue("COMMIT")
	sent, err := p.send(ctx)
	if err != nil {
		return err
	}
	tag, err := sent.Exec()
	if err = errors.Join(err, sent.Close()); err != nil {
		return err
	}
	if tag.String() != "COMMIT" {
		return errors.New("the transaction had failed before")
	}
	return nil
}

// undo ends the transaction, however long the caller waits. Where that fails, the connection is closed, and PostgreSQL undoes it.
func (p *pipeline) undo() {
	if p.trips == 0 {
		return // nothing has been sent
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := p.conn.Exec(ctx, "ROLLBACK"); err != nil {
		_ = p.conn.Close(ctx)
	}
}

// send sends what waits, and reads the results of all but the last statement.
func (p *pipeline) send(ctx context.Context) (pgx.BatchResults, error) {
	sent := p.conn.SendBatch(ctx, p.waiting)
	earlier := p.waiting.Len() - 1
	p.waiting = &pgx.Batch{}
	p.trips++
	for range earlier {
		if _, err := sent.Exec(); err != nil {
			_ = sent.Close()
			return nil, fmt.Errorf("run a statement: %w", err)
		}
	}
	return sent, nil
}

func (p *pipeline) add(_ context.Context, query string, args ...any) error {
	p.waiting.Queue(query, args...)
	return nil
}

func (p *pipeline) exec(ctx context.Context, query string, args ...any) (int64, error) {
	p.waiting.Queue(query, args...)
	sent, err := p.send(ctx)
	if err != nil {
		return 0, err
	}
	tag, err := sent.Exec()
	return tag.RowsAffected(), errors.Join(err, sent.Close())
}

func (p *pipeline) query(ctx context.Context, query string, args ...any) (rows, error) {
	p.waiting.Queue(query, args...)
	sent, err := p.send(ctx)
	if err != nil {
		return nil, err
	}
	found, err := sent.Query()
	if err != nil {
		return nil, errors.Join(err, sent.Close())
	}
	return &sentRows{Rows: found, sent: sent}, nil
}

func (p *pipeline) row(ctx context.Context, query string, args ...any) row {
	found, err := p.query(ctx, query, args...)
	if err != nil {
		return failed{err}
	}
	return onlyRow{found}
}

// sentRows are the rows of the last statement that was sent.
type sentRows struct {
	pgx.Rows
	sent pgx.BatchResults
	err  error
}

// Close implements rows.
func (r *sentRows) Close() {
	r.Rows.Close()
	r.err = r.sent.Close()
}

// Err implements rows.
func (r *sentRows) Err() error { return errors.Join(r.Rows.Err(), r.err) }

// onlyRow is the first of some rows.
type onlyRow struct{ of rows }

// Scan implements row.
func (o onlyRow) Scan(into ...any) error {
	defer o.of.Close()
	if !o.of.Next() {
		if err := o.of.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	return o.of.Scan(into...)
}
