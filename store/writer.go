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

// errClosed is the error of a unit of work that comes after the store was closed.
var errClosed = errors.New("the store is closed")

// mostAtOnce is how many units of work are made durable at once, at most: what a sign-in may wait for.
const mostAtOnce = 128

// writer carries out units of work, one after the other in the order in which they came, and makes all that are waiting durable at
// once: what takes long is waiting for the disk. Each unit stands in a savepoint of its own, so that one that fails undoes itself
// alone.
//
// It has a connection of its own, and nothing else in this process writes while it is at work: nobody ever waits for a lock of
// SQLite's.
type writer struct {
	db       *sql.DB
	conn     *sql.Conn
	prepared *prepared // on conn
	waiting  chan *unit
	quit     chan struct{}
	closing  sync.Once
	ended    chan struct{}
}

// unit is one unit of work, and whoever waits for it.
type unit struct {
	fn    func(executor) error
	taken atomic.Bool // by the writer, or by whoever waits no longer
	done  chan outcome
}

type outcome struct {
	err      error
	panicked any // what fn panicked with
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

// do returns once fn's work is durable, or undone. Whoever waits longer than ctx lasts leaves; work that has begun by then is waited
// for.
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

// close ends the writer after what it is at. Who waits is told.
func (w *writer) close() error {
	w.closing.Do(func() { close(w.quit) })
	<-w.ended
	return errors.Join(w.conn.Close(), w.db.Close())
}

// together carries out the first unit and those that wait behind it, in one transaction.
func (w *writer) together(first *unit) {
	var done []*unit
	var outcomes []outcome
	// IMMEDIATE takes the one write lock: what is read cannot change before something is written, and the transaction can never fail
	// half-way for want of the lock.
	err := w.control("BEGIN IMMEDIATE")
	if err != nil {
		if first.taken.CompareAndSwap(false, true) {
			first.done <- outcome{err: fmt.Errorf("begin the transaction: %w", err)}
		}
		return
	}
	for u := first; u != nil; u = w.next(len(done)) {
		if !u.taken.CompareAndSwap(false, true) {
			continue // whoever waited has left
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
		_ = w.control("ROLLBACK") // fails where SQLite has undone the transaction by itself
	}
	for i, u := range done {
		if err != nil {
			outcomes[i].err = fmt.Errorf("commit: %w", errors.Join(err, outcomes[i].err))
		}
		u.done <- outcomes[i]
	}
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

// try calls fn. A panic is the caller's, not the writer's.
func (u *unit) try(on executor) (o outcome) {
	defer func() { o.panicked = recover() }()
	o.err = u.fn(on)
	return o
}

// control begins or ends something. It does not end with one of the callers.
func (w *writer) control(statement string) error {
	return w.prepared.add(context.Background(), statement)
}

// whole runs each statement to its end, however long the caller waits: SQLite undoes the whole transaction of a write that is cut
// off, and with it the work of others.
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
