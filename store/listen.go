package store

import (
	"context"
	"time"
)

// listenAgain is the time between a failure and the next try to listen.
const listenAgain = time.Second

// listen returns a channel that gets a value when a process has sent a notification on the PostgreSQL channel, and after each
// connect, because notifications may have been lost while there was no connection. listen uses a connection of its own until ctx
// ends.
func (p *postgres) listen(ctx context.Context, channel string) <-chan struct{} {
	told := make(chan struct{}, 1)
	tell := func() {
		select {
		case told <- struct{}{}:
		default: // a value waits in the channel already
		}
	}
	go func() {
		for ctx.Err() == nil {
			p.listenOnce(ctx, channel, tell)
			select {
			case <-ctx.Done():
			case <-time.After(listenAgain):
			}
		}
	}()
	return told
}

func (p *postgres) listenOnce(ctx context.Context, channel string, tell func()) {
	pooled, err := p.pool.Acquire(ctx)
	if err != nil {
		return
	}
	conn := pooled.Hijack() // the pool must not get this connection back: its next user would receive the notifications
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, `LISTEN `+channel); err != nil {
		return
	}
	tell()
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return
		}
		tell()
	}
}
