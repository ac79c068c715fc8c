package hooks

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/logs"
	"nidan/policies"
)

// The hooks, as those who watch them name them.
const (
	HookLogin    = "login"
	HookSettings = "settings"
)

// Ended is how a call ended. Nothing in it is secret, and none of it is an address or a name of a person's.
type Ended struct {
	Account string // Kratos' identity id; empty: the call was not understood
	Flow    string // Kratos' flow id; empty: the same
	Action  policies.Action
	Reason  string // the decision's, or one of [Reasons]
	Channel string // empty: it is not known
	State   string // as it is on record: "allowed", "passed", or a state of the contract; or [Repeated]
}

// Repeated is the state, and the reason, of a call that Kratos made again, and that got the first answer again.
const Repeated = "repeated"

// What ends a call before there is a decision, or in its place.
const (
	reasonUndecided     = "undecided"
	reasonNotUnderstood = "not_understood"
	reasonNotRecorded   = "not_recorded"
	reasonPanic         = "panic"
)

// Reasons are all that no policy has given.
var Reasons = []string{
	reasonUndecided, reasonNotUnderstood, reasonNotRecorded, reasonPanic, Repeated, challenge.ReasonWrongCodes,
}

// Watch is told of each call that carries the right token when it begins, and, through the function that it returns, when it ends. The
// context that it returns is that of the call from then on.
type Watch func(ctx context.Context, hook string, header http.Header) (context.Context, func(Ended))

// unwatched is a [Watch] for nobody.
func unwatched(ctx context.Context, _ string, _ http.Header) (context.Context, func(Ended)) {
	return ctx, func(Ended) {}
}

// watched answers a call, and tells those who watch how it ended: also where it ends in a panic.
func (h *Handler) watched(c echo.Context, hook string, answerCall func(context.Context) (answer, Ended)) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), answerWithin)
	defer cancel()
	began := h.Now()
	// With nothing yet: what is known later stands also on the line that is logged at the end.
	ctx, tell := h.Watch(logs.With(ctx), hook, c.Request().Header)
	ended := Ended{State: string(stateUnavailable), Reason: reasonPanic}
	defer func() {
		h.say(ctx, hook, ended, h.Now().Sub(began))
		tell(ended)
	}()
	var a answer
	a, ended = answerCall(ctx)
	return a.write(c)
}

// say logs how a call ended, in one line. Where the level is off, it costs nothing.
func (h *Handler) say(ctx context.Context, hook string, e Ended, took time.Duration) {
	if !h.Log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	line := "sign-in"
	if hook == HookSettings {
		line = "settings"
	}
	h.Log.LogAttrs(ctx, slog.LevelInfo, line, slog.String("account", e.Account), slog.String("action", string(e.Action)),
		slog.String("reason", e.Reason), slog.String("channel", e.Channel), slog.String("state", e.State),
		slog.Float64("took_ms", float64(took.Microseconds())/1000))
}

// known has each line of the call from now on say which flow it is about.
func known(ctx context.Context, c call) context.Context {
	return logs.With(ctx, slog.String("flow", c.payload.Flow.ID))
}
