package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"nidan/challenge"
)

// errClosed is the error of a unit of work that comes after the store was closed.
var errClosed = errors.New("the store is closed")

// mostAtOnce is how many units of work are made durable at once, at most: what a sign-in may wait for.
const mostAtOnce = 128

// writer carries out units of work, one after the other in the order in which they came, and makes all that are waiting durable at
// once: what takes long is waiting for the disk. Each unit stands in a savepoint of its own, so that one that fails undoes itself
// alone.
//
// It has one connection, which the mail queue's writes share: nobody in this process ever waits for a lock of SQLite's.
type writer struct {
	db      *sql.DB
	waiting chan *unit
	quit    chan struct{}
	closing sync.Once
	ended   chan struct{}

	prepared   map[string]*sql.Stmt // on the connection, by text
	statements atomic.Int64
}

// unit is one unit of work, and whoever waits for it.
type unit struct {
	fn     func(*tx) error
	outbox Outbox
	taken  atomic.Bool // by the writer, or by whoever waits no longer
	done   chan outcome
}

type outcome struct {
	err      error
	panicked any // what fn panicked with
}

func newWriter(db *sql.DB) *writer {
	db.SetMaxOpenConns(1)
	w := &writer{
		db: db, waiting: make(chan *unit, 4*mostAtOnce), quit: make(chan struct{}), ended: make(chan struct{}),
		prepared: make(map[string]*sql.Stmt),
	}
	go w.run()
	return w
}

// do returns once fn's work is durable, or undone. Whoever waits longer than ctx lasts leaves; work that has begun by then is waited
// for.
func (w *writer) do(ctx context.Context, outbox Outbox, fn func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("wait for the database: %w", err)
	}
	u := &unit{fn: fn, outbox: outbox, done: make(chan outcome, 1)}
	select {
	case w.waiting <- u:
	case <-ctx.Done():
		return fmt.Errorf("wait for the database: %w", ctx.Err())
	case <-w.ended:
		return errClosed
	}
	var o outcome
	select {
	case o = <-u.done:
	case <-ctx.Done():
		if u.taken.CompareAndSwap(false, true) {
			return fmt.Errorf("wait for the database: %w", ctx.Err())
		}
		o = <-u.done
	case <-w.ended:
		if u.taken.CompareAndSwap(false, true) {
			return errClosed
		}
		o = <-u.done
	}
	if o.panicked != nil {
		panic(o.panicked)
	}
	return o.err
}

func (w *writer) run() {
	defer close(w.ended)
	for {
		select {
		case u := <-w.waiting:
			w.together(u)
		case <-w.quit:
			return
		}
	}
}

// close ends the writer after what it is at. Who waits is told.
func (w *writer) close() error {
	w.closing.Do(func() { close(w.quit) })
	<-w.ended
	return w.db.Close()
}

// together carries out the first unit and those that wait behind it, in one transaction.
func (w *writer) together(first *unit) {
	ctx := context.Background() // a transaction must not end with one of its callers
	sqlTx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		if first.taken.CompareAndSwap(false, true) {
			first.done <- outcome{err: fmt.Errorf("begin the transaction: %w", err)}
		}
		return
	}
	t := &tx{Tx: sqlTx, prepared: w.prepared, fresh: make(map[string]*sql.Stmt), statements: &w.statements}
	var done []*unit
	var outcomes []outcome
	for u := first; u != nil; u = w.next(len(done)) {
		if !u.taken.CompareAndSwap(false, true) {
			continue // whoever waited has left
		}
		var o outcome
		o, err = t.carryOut(ctx, u)
		done, outcomes = append(done, u), append(outcomes, o)
		if err != nil {
			break
		}
	}
	if err == nil {
		err = sqlTx.Commit()
	}
	if err != nil {
		_ = sqlTx.Rollback() // has no effect after a commit
	}
	for i, u := range done {
		if err != nil {
			outcomes[i].err = fmt.Errorf("commit: %w", errors.Join(err, outcomes[i].err))
		}
		u.done <- outcomes[i]
	}
	w.prepare(ctx, t.fresh)
}

// next is the unit that waits, nil where none does or enough are done.
func (w *writer) next(done int) *unit {
	if done >= mostAtOnce {
		return nil
	}
	if len(w.waiting) == 0 {
		// On one processor, those whose calls have arrived while the disk was waited for have had no turn yet. Without theirs,
		// each would wait for the disk alone.
		runtime.Gosched()
	}
	select {
	case u := <-w.waiting:
		return u
	default:
		return nil
	}
}

// carryOut carries out one unit in a savepoint. The error is one after which nothing of the transaction can be kept: a full disk, for
// one, has SQLite undo the whole.
func (t *tx) carryOut(ctx context.Context, u *unit) (o outcome, broken error) {
	if _, err := t.ExecContext(ctx, "SAVEPOINT unit"); err != nil {
		return outcome{err: err}, fmt.Errorf("begin a savepoint: %w", err)
	}
	t.outbox = u.outbox
	o = u.try(t)
	if o.err != nil || o.panicked != nil {
		if _, err := t.ExecContext(ctx, "ROLLBACK TO unit"); err != nil {
			return o, fmt.Errorf("undo to a savepoint: %w", err)
		}
	}
	if _, err := t.ExecContext(ctx, "RELEASE unit"); err != nil {
		return o, fmt.Errorf("end a savepoint: %w", err)
	}
	return o, nil
}

// try calls fn. A panic is the caller's, not the writer's.
func (u *unit) try(t *tx) (o outcome) {
	defer func() { o.panicked = recover() }()
	o.err = u.fn(t)
	return o
}

// prepare keeps the statements that were new, now that the connection is free.
func (w *writer) prepare(ctx context.Context, fresh map[string]*sql.Stmt) {
	for query := range fresh {
		if stmt, err := w.db.PrepareContext(ctx, query); err == nil { // what cannot be prepared failed before, and said so
			w.prepared[query] = stmt
		}
	}
}

// statement is a query, prepared on the transaction's connection.
func (t *tx) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	t.statements.Add(1)
	if stmt := t.prepared[query]; stmt != nil {
		return t.Tx.StmtContext(ctx, stmt), nil
	}
	if stmt := t.fresh[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := t.Tx.PrepareContext(ctx, query)
	if err == nil {
		t.fresh[query] = stmt
	}
	return stmt, err
}

// ExecContext runs a statement, however long the caller waits: SQLite undoes the whole transaction of a write that is cut off, and
// with it the work of others.
func (t *tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = context.WithoutCancel(ctx)
	stmt, err := t.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// QueryContext is as ExecContext.
func (t *tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx = context.WithoutCancel(ctx)
	stmt, err := t.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// QueryRowContext is as ExecContext.
func (t *tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	ctx = context.WithoutCancel(ctx)
	stmt, err := t.statement(ctx, query)
	if err != nil {
		return t.Tx.QueryRowContext(ctx, query, args...) // fails in the same way
	}
	return stmt.QueryRowContext(ctx, args...)
}

var _ challenge.Tx = (*tx)(nil)
