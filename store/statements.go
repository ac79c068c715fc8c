package store

import (
	"context"
	"database/sql"
	"sync"
)

// prepared is an executor that prepares each statement when it is run for the first time. For most statements, SQLite needs longer to
// parse them than to run them. prepared keeps every statement until the store is closed, so a caller must not build a new text for
// each call.
type prepared struct {
	on interface {
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
	statements sync.Map // text to *sql.Stmt
}

func (p *prepared) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := p.statements.Load(query); ok {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := p.on.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if first, there := p.statements.LoadOrStore(query, stmt); there {
		_ = stmt.Close() // two calls have prepared the same statement at once
		return first.(*sql.Stmt), nil
	}
	return stmt, nil
}

func (p *prepared) exec(ctx context.Context, query string, args ...any) (int64, error) {
	stmt, err := p.statement(ctx, query)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (p *prepared) add(ctx context.Context, query string, args ...any) error {
	_, err := p.exec(ctx, query, args...)
	return err
}

func (p *prepared) query(ctx context.Context, query string, args ...any) (rows, error) {
	stmt, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	found, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	return sqlRows{found}, nil
}

func (p *prepared) row(ctx context.Context, query string, args ...any) row {
	stmt, err := p.statement(ctx, query)
	if err != nil {
		return failed{err}
	}
	return stmt.QueryRowContext(ctx, args...)
}

type sqlRows struct{ *sql.Rows }

// Close implements rows. It ignores the error, because Err has returned it already.
func (r sqlRows) Close() { _ = r.Rows.Close() }

// failed is the row of a query that could not run.
type failed struct{ err error }

// Scan implements row.
func (f failed) Scan(...any) error { return f.err }
