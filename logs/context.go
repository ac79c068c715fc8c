package logs

import (
	"context"
	"log/slog"
	"slices"
	"sync"
)

type key struct{}

// request is what is known of a request. More may become known while it is answered, also by whoever has an older context in the hand.
type request struct {
	mu    sync.Mutex
	known []slog.Attr
}

// With has attributes stand on each line that is logged for a request from now on: also on those that are logged with the context that
// was passed in, if the request had attributes before. An attribute takes the place of another one of its name.
func With(ctx context.Context, attrs ...slog.Attr) context.Context {
	r, ok := ctx.Value(key{}).(*request)
	if !ok {
		return context.WithValue(ctx, key{}, &request{known: attrs})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range attrs {
		// Older ones are not written over: a line may be reading them.
		r.known = append(slices.DeleteFunc(slices.Clone(r.known), func(k slog.Attr) bool { return k.Key == a.Key }), a)
	}
	return ctx
}

// of are the attributes of the request that a context belongs to.
func of(ctx context.Context) []slog.Attr {
	r, ok := ctx.Value(key{}).(*request)
	if !ok {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known
}
