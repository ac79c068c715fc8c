package logs

import (
	"context"
	"log/slog"
	"slices"
	"sync"
)

type key struct{}

// request contains what is known about a request. More can become known while the request is answered. Lines that are logged with an older
// context contain it too.
type request struct {
	mu    sync.Mutex
	known []slog.Attr
}

// With adds attributes to each line that is logged for a request from now on. If the request had attributes before, this also holds for
// lines that are logged with the context that was passed in. An attribute replaces an earlier one of the same name.
func With(ctx context.Context, attrs ...slog.Attr) context.Context {
	r, ok := ctx.Value(key{}).(*request)
	if !ok {
		return context.WithValue(ctx, key{}, &request{known: attrs})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range attrs {
		// The old slice is not changed: another goroutine may be reading it.
		r.known = append(slices.DeleteFunc(slices.Clone(r.known), func(k slog.Attr) bool { return k.Key == a.Key }), a)
	}
	return ctx
}

// of returns the attributes of the request that a context belongs to.
func of(ctx context.Context) []slog.Attr {
	r, ok := ctx.Value(key{}).(*request)
	if !ok {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known
}
