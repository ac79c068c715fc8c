package store

import (
	"context"
	"time"
)

// listenAgain is how long after a failure it is listened again.
const listenAgain = time.Second

// listen returns a channel that gets a value when a process says something there, or may have: after a connection was lost, nobody
// knows. It has a connection of its own until ctx ends.
func (p *postgres) listen(ctx context.Context, channel string) <-chan struct{} {
	told := make(chan struct{}, 1)
	tell := func() {
		select {
		case told <- struct{}{}:
		default: // has been told, and has not looked yet
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

// listenOnce listens until that fails.
func (p *postgres) listenOnce(ctx context.Context, channel string, tell func()) {
	pooled, err := p.pool.Acquire(ctx)
	if err != nil {
		return
	}
	conn := pooled.Hijack() // a notification must not come to one that is used for something else
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
