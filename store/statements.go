package store

import (
	"context"
	"database/sql"
	"sync"
)

// executor runs statements: a connection, a pool of them, or a transaction.
type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// prepared is an executor that has each statement prepared the first time it is run: SQLite takes longer to parse most statements
// than to run them. It keeps every statement, so no text may be made up for one call.
type prepared struct {
	on interface {
		executor
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
	statements sync.Map // of *sql.Stmt by text
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
		_ = stmt.Close() // two came at once
		return first.(*sql.Stmt), nil
	}
	return stmt, nil
}

// ExecContext implements executor.
func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// QueryContext implements executor.
func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// QueryRowContext implements executor.
func (p *prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	stmt, err := p.statement(ctx, query)
	if err != nil {
		return p.on.QueryRowContext(ctx, query, args...) // fails in the same way, which only a row can tell
	}
	return stmt.QueryRowContext(ctx, args...)
}
