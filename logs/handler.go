package logs

import (
	"context"
	"log/slog"
)

// Handler writes each line through another handler, with the attributes of the request that the line's context belongs to (see [With]).
type Handler struct{ slog.Handler }

// Handle implements [slog.Handler].
func (h Handler) Handle(ctx context.Context, r slog.Record) error {
	if known := of(ctx); len(known) > 0 {
		r = r.Clone() // the record may share memory with copies of it
		r.AddAttrs(known...)
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return Handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h Handler) WithGroup(name string) slog.Handler { return Handler{h.Handler.WithGroup(name)} }
