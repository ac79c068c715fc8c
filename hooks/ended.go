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

// The names of the hooks in metrics, traces and the log.
const (
	HookLogin    = "login"
	HookSettings = "settings"
)

// Ended is the result of a call, for metrics, traces and the log. It holds no secret, no e-mail address and no person's name.
type Ended struct {
	Account string // Kratos' identity id; empty: the call was not understood
	Flow    string // Kratos' flow id; empty: the call was not understood
	Action  policies.Action
	Reason  string // reason of the decision, or one of [Reasons]
	Channel string // empty: not known
	State   string // as in the record: "allowed", "passed" or a state of the contract; or [Repeated]
}

// Repeated is the state and the reason of a repeated call, which gets the first answer.
const Repeated = "repeated"

// The reasons of calls that end without a decision of the policies.
const (
	reasonUndecided     = "undecided"
	reasonNotUnderstood = "not_understood"
	reasonNotRecorded   = "not_recorded"
	reasonPanic         = "panic"
)

// Reasons are all reasons that do not come from a policy.
var Reasons = []string{
	reasonUndecided, reasonNotUnderstood, reasonNotRecorded, reasonPanic, Repeated, challenge.ReasonWrongCodes,
}

// Watch is called when a call with a valid token begins. The call continues with the context that Watch returns. When the call ends, the
// returned function is called.
type Watch func(ctx context.Context, hook string, header http.Header) (context.Context, func(Ended))

// unwatched is a [Watch] that does nothing.
func unwatched(ctx context.Context, _ string, _ http.Header) (context.Context, func(Ended)) {
	return ctx, func(Ended) {}
}

// watched answers a call and reports its result, also after a panic.
func (h *Handler) watched(c echo.Context, hook string, answerCall func(context.Context) (answer, Ended)) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), answerWithin)
	defer cancel()
	began := h.Now()
	// The attributes are added later, in known. The context must exist now, so that the last line of the log has them.
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

// say logs the result of a call in one line. It allocates nothing if the level is off.
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

// known adds the flow to each later log line of the call.
func known(ctx context.Context, c call) context.Context {
	return logs.With(ctx, slog.String("flow", c.payload.Flow.ID))
}
