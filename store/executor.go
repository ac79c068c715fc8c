package store

import (
	"context"
	"sync/atomic"
)

// executor runs statements on one kind of database. Statements are written once for all kinds of databases; the parts that differ
// come from the type dialect.
type executor interface {
	// exec runs a statement, and returns how many rows it changed.
	exec(ctx context.Context, query string, args ...any) (int64, error)
	// add runs a statement whose result is not needed. The statement may run later, but before the unit of work ends. If the
	// statement fails, the unit of work fails.
	add(ctx context.Context, query string, args ...any) error
	query(ctx context.Context, query string, args ...any) (rows, error)
	row(ctx context.Context, query string, args ...any) row
}

// row is one row of a query. If there is no row, or if the query failed, Scan returns the error.
type row interface{ Scan(into ...any) error }

// rows are read one after the other. The caller closes them.
type rows interface {
	row
	Next() bool
	Err() error
	Close()
}

func each(ctx context.Context, on executor, fn func(row) error, query string, args ...any) error {
	found, err := on.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		if err := fn(found); err != nil {
			return err
		}
	}
	return found.Err()
}

// counting counts the statements that it has run.
type counting struct {
	on executor
	n  *atomic.Int64
}

func (c counting) exec(ctx context.Context, query string, args ...any) (int64, error) {
	c.n.Add(1)
	return c.on.exec(ctx, query, args...)
}

func (c counting) add(ctx context.Context, query string, args ...any) error {
	c.n.Add(1)
	return c.on.add(ctx, query, args...)
}

func (c counting) query(ctx context.Context, query string, args ...any) (rows, error) {
	c.n.Add(1)
	return c.on.query(ctx, query, args...)
}

func (c counting) row(ctx context.Context, query string, args ...any) row {
	c.n.Add(1)
	return c.on.row(ctx, query, args...)
}
