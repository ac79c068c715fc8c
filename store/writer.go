package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// errClosed is the error of a unit of work that is started after the store was closed.
var errClosed = errors.New("the store is closed")

// mostAtOnce is the maximum number of units of work that one transaction commits. It limits how long a sign-in waits for the units
// before and after its own.
const mostAtOnce = 128

// writer runs units of work one after the other, in the order in which they came, and commits all units that wait in one transaction,
// because a commit waits for the disk, which takes long. Each unit runs in a savepoint of its own, so that a unit that fails is
// undone alone.
//
// writer has a connection of its own, and nothing else in this process writes while it works. So no unit of work waits for a lock of
// SQLite.
type writer struct {
	db       *sql.DB
	conn     *sql.Conn
	prepared *prepared // statements on conn
	waiting  chan *unit
	quit     chan struct{}
	closing  sync.Once
	ended    chan struct{}
}

// unit is one unit of work. Its caller waits for the outcome.
type unit struct {
	fn    func(executor) error
	taken atomic.Bool // set by the writer when it starts the unit, or by the caller when it stops waiting
	done  chan outcome
}

type outcome struct {
	err      error
	panicked any // value of a panic in fn
}

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{
		db: db, conn: conn, prepared: &prepared{on: conn},
		waiting: make(chan *unit, 4*mostAtOnce), quit: make(chan struct{}), ended: make(chan struct{}),
	}
	go w.run()
	return w, nil
}

// do returns when the work of fn is durable or undone. If ctx ends before the work has begun, do returns an error; if ctx ends later,
// do waits for the work.
func (w *writer) do(ctx context.Context, fn func(executor) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("wait for the database: %w", err)
	}
	u := &unit{fn: fn, done: make(chan outcome, 1)}
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

// close stops the writer after its current transaction. Callers whose units still wait get errClosed.
func (w *writer) close() error {
	w.closing.Do(func() { close(w.quit) })
	<-w.ended
	return errors.Join(w.conn.Close(), w.db.Close())
}

// together runs the first unit, and the units that wait behind it, in one transaction.
func (w *writer) together(first *unit) {
	var done []*unit
	var outcomes []outcome
	// BEGIN IMMEDIATE takes SQLite's only write lock at once. So no other write comes between a read and a write of the transaction,
	// and the transaction cannot fail half-way because it does not get the lock.
	err := w.control("BEGIN IMMEDIATE")
	if err != nil {
		if first.taken.CompareAndSwap(false, true) {
			first.done <- outcome{err: fmt.Errorf("begin the transaction: %w", err)}
		}
		return
	}
	for u := first; u != nil; u = w.next(len(done)) {
		if !u.taken.CompareAndSwap(false, true) {
			continue // the caller has stopped waiting
		}
		var o outcome
		o, err = w.carryOut(u)
		done, outcomes = append(done, u), append(outcomes, o)
		if err != nil {
			break
		}
	}
	if err == nil {
		err = w.control("COMMIT")
	}
	if err != nil {
		_ = w.control("ROLLBACK") // fails if SQLite has rolled the transaction back by itself
	}
	for i, u := range done {
		if err != nil {
			outcomes[i].err = fmt.Errorf("commit: %w", errors.Join(err, outcomes[i].err))
		}
		u.done <- outcomes[i]
	}
}

// next returns the next unit that waits, or nil if no unit waits or if enough units are done.
func (w *writer) next(done int) *unit {
	if done >= mostAtOnce {
		return nil
	}
	if len(w.waiting) == 0 {
		// On one processor, goroutines whose calls arrived during the wait for the disk have not run yet. Let them queue their units
		// now; otherwise each unit would wait for the disk alone.
		runtime.Gosched()
	}
	select {
	case u := <-w.waiting:
		return u
	default:
		return nil
	}
}

// carryOut runs one unit in a savepoint. It returns the error broken if nothing of the transaction can be kept: for example, when the
// disk is full, SQLite rolls the whole transaction back.
func (w *writer) carryOut(u *unit) (o outcome, broken error) {
	if err := w.control("SAVEPOINT unit"); err != nil {
		return outcome{err: err}, fmt.Errorf("begin a savepoint: %w", err)
	}
	o = u.try(whole{w.prepared})
	if o.err != nil || o.panicked != nil {
		if err := w.control("ROLLBACK TO unit"); err != nil {
			return o, fmt.Errorf("undo to a savepoint: %w", err)
		}
	}
	if err := w.control("RELEASE unit"); err != nil {
		return o, fmt.Errorf("end a savepoint: %w", err)
	}
	return o, nil
}

// try calls fn. It recovers a panic, so that the panic is raised in the caller's goroutine and not in the writer's.
func (u *unit) try(on executor) (o outcome) {
	defer func() { o.panicked = recover() }()
	o.err = u.fn(on)
	return o
}

// control runs a statement that begins or ends a transaction or a savepoint. It does not use a caller's context, because the
// transaction serves several callers.
func (w *writer) control(statement string) error {
	return w.prepared.add(context.Background(), statement)
}

// whole runs each statement to its end, even if the caller's context ends: SQLite rolls the whole transaction back when a write is
// interrupted, and the work of other callers would be lost too.
type whole struct{ on *prepared }

func (w whole) exec(ctx context.Context, query string, args ...any) (int64, error) {
	return w.on.exec(context.WithoutCancel(ctx), query, args...)
}

func (w whole) add(ctx context.Context, query string, args ...any) error {
	return w.on.add(context.WithoutCancel(ctx), query, args...)
}

func (w whole) query(ctx context.Context, query string, args ...any) (rows, error) {
	return w.on.query(context.WithoutCancel(ctx), query, args...)
}

func (w whole) row(ctx context.Context, query string, args ...any) row {
	return w.on.row(context.WithoutCancel(ctx), query, args...)
}
