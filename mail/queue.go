package mail

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"nidan/challenge"
)

// Queue takes codes on their way and keeps at it, across restarts, until each is sent or of no more use.
type Queue struct {
	client *river.Client[*sql.Tx]
	db     *sql.DB
}

// attempts is more than can be made within a code's life: time alone decides when to give up. With the waits of NextRetry,
// ten minutes, the longest that a policy may grant, hold 15 tries.
const attempts = 1000

// Migrate brings the queue's own tables up to date.
func Migrate(ctx context.Context, db *sql.DB) error {
	m, err := rivermigrate.New(riversqlite.New(db), nil)
	if err != nil {
		return fmt.Errorf("read the queue's migrations: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	return nil
}

// NewQueue returns a queue in the database db, which is also what store keeps challenges in. It takes messages at once,
// and sends them between Start and Stop. It refuses a configuration that no mail could be sent with.
func NewQueue(
	db *sql.DB, store challenge.Store, keys *challenge.Keyring, c Config, now func() time.Time, log *slog.Logger,
) (*Queue, error) {
	s, err := newSender(c)
	if err != nil {
		return nil, fmt.Errorf("set the mail up: %w", err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{store: store, keys: keys, sender: s, now: now, log: log})
	// A little more than a mail may take: the sender gives up first, and its error says why.
	patience := c.SMTP.Timeout + 5*time.Second
	client, err := river.NewClient(riversqlite.New(db), &river.Config{
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: c.SMTP.Connections}},
		Workers: workers,
		// SQLite tells nobody of new rows, so the queue looks; a person is waiting for the mail.
		FetchPollInterval: 200 * time.Millisecond,
		FetchCooldown:     100 * time.Millisecond,
		JobTimeout:        patience,
		// After a crash in mid-conversation nobody knows whether the mail went out. Sent twice is better than never.
		RescueStuckJobsAfter: patience + 5*time.Second,
		MaxAttempts:          attempts,
		Logger:               slog.New(quiet{log.Handler()}),
	})
	if err != nil {
		return nil, fmt.Errorf("set the queue up: %w", err)
	}
	return &Queue{client: client, db: db}, nil
}

// Insert takes a message within the transaction of its challenge.
func (q *Queue) Insert(ctx context.Context, tx *sql.Tx, m challenge.Message) error {
	if _, err := q.client.InsertTx(ctx, tx, job(m), nil); err != nil {
		return fmt.Errorf("queue a mail: %w", err)
	}
	return nil
}

// Start begins sending. It goes on until Stop, whatever becomes of ctx.
func (q *Queue) Start(ctx context.Context) error {
	// A mail that was being sent when the program died would wait until the queue takes it for stuck, and a person with
	// it. Only one program works on a SQLite database, so whatever is under way as it starts is left from one that died.
	_, err := q.db.ExecContext(ctx, `UPDATE river_job SET state = 'available' WHERE state = 'running'`)
	if err != nil {
		return fmt.Errorf("take up the mails that were under way: %w", err)
	}
	if err := q.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start the mail queue: %w", err)
	}
	return nil
}

// Stop lets mails under way go out, for as long as ctx lasts. What waits stays in the queue.
func (q *Queue) Stop(ctx context.Context) error {
	if err := q.client.Stop(ctx); err != nil {
		return fmt.Errorf("stop the mail queue: %w", err)
	}
	return nil
}

// quiet passes on the queue's warnings and errors only: what happens to a mail is logged by the worker, in this
// project's words.
type quiet struct{ slog.Handler }

// Enabled implements [slog.Handler].
func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

// WithAttrs implements [slog.Handler].
func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }

// WithGroup implements [slog.Handler].
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
