package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// pipeline is an executor on one PostgreSQL connection, within a transaction. It sends a statement whose result is not needed
// together with the next statement whose result is needed, because each round trip to the server takes long.
type pipeline struct {
	conn    *pgx.Conn
	waiting *pgx.Batch
	trips   int // round trips to the server
}

func (p *pipeline) begin(ctx context.Context, account string) error {
	p.waiting.Queue("BEGIN")
	if account == "" {
		return nil
	}
	return p.add(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, account)
}

// commit commits the transaction. It checks the answer: if a statement of the transaction has failed, PostgreSQL answers COMMIT with
// ROLLBACK and no error.
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

// undo rolls the transaction back, even if the caller's context has ended. If the rollback fails, undo closes the connection, and
// PostgreSQL rolls back.
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

// send sends the statements that wait, and reads the results of all but the last one.
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

// sentRows are the rows of the last statement of a batch.
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

// onlyRow is the first row of a result.
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
