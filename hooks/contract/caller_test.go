package contract

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/settings"
)

// clock is the clock of all replicas, in microseconds since 1970. Tests move it.
type clock struct {
	micros atomic.Int64
	tick   int64 // the clock advances by this much with each read
}

func (c *clock) read() int64 { return c.micros.Add(c.tick) }

// newClock returns a clock that shows nine o'clock on a day in April.
func newClock(tick int64) *clock {
	c := &clock{tick: tick}
	c.micros.Store(time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

// caller calls one replica at a time, as Kratos does. It notes what the replica did in the call, so that this is known even if the answer
// was lost.
type caller struct {
	clock *clock
	order *atomic.Int64 // orders events, see [noted]
	keys  *challenge.Keyring
	noted noted

	// By replica.
	hooks  []*echo.Echo
	stores []exchange.Store
}

// noted is what a replica did in a call.
type noted struct {
	order int64  // position of the first read in the transaction among all events: from then on, the replica has the account's lock
	at    int64  // the clock's time then; 0: the call did not begin a transaction
	drawn drawn  // random values of the code that was sent
	to    string // where the code went
	told  int    // how many wrong codes were reported to the holder
	ended bool   // the transaction did everything but commit
	retry int64  // with too_many_codes: when the client may try again
}

// begin notes that the transaction has the account's lock.
func (c *caller) begin() {
	if c.noted.at == 0 {
		c.noted.order, c.noted.at = c.order.Add(1), c.clock.read()
	}
}

// now is the replica's time. It stands still while a transaction has the account's lock.
func (c *caller) now() time.Time {
	if c.noted.at != 0 {
		return time.UnixMicro(c.noted.at)
	}
	return time.UnixMicro(c.clock.read())
}

// observed is a replica's store that notes what is done in it.
type observed struct {
	exchange.Store
	caller *caller
}

// Update implements [exchange.Store].
func (o observed) Update(ctx context.Context, account string, fn func(exchange.Tx) error) error {
	return o.Store.Update(ctx, account, func(tx exchange.Tx) error {
		err := fn(noting{tx, o.caller})
		o.caller.noted.ended = err == nil
		return err
	})
}

type noting struct {
	exchange.Tx
	caller *caller
}

// Situation implements [exchange.Tx]. A sign-in reads it first in its transaction.
func (n noting) Situation(ctx context.Context, c exchange.Call) (exchange.Situation, error) {
	defer n.caller.begin()
	return n.Tx.Situation(ctx, c)
}

// Settings implements [settings.Switches]. The settings hook reads them first in its transaction.
func (n noting) Settings(ctx context.Context) (settings.Settings, error) {
	defer n.caller.begin()
	return n.Tx.Settings(ctx)
}

// Send implements [challenge.Sender].
func (n noting) Send(ctx context.Context, m challenge.Message) error {
	digits, err := m.Open(n.caller.keys)
	if err != nil {
		return err
	}
	n.caller.noted.drawn, n.caller.noted.to, n.caller.noted.told = drawn{m.Challenge, digits}, m.To, m.WrongCodes.Count
	return n.Tx.Send(ctx, m)
}

// AddSignIn implements [exchange.SignIns].
func (n noting) AddSignIn(ctx context.Context, s exchange.SignIn) error {
	n.caller.noted.told = s.WrongCodes.Count
	return n.Tx.AddSignIn(ctx, s)
}

// unavailable is the answer after which nobody knows whether the call took effect.
const unavailable = "unavailable"

// do makes a call to a replica. It returns the call with what was noted of it, and the answer.
func (c *caller) do(ctx context.Context, replica int, what call) (call, answer, error) {
	c.noted = noted{}
	var out answer
	var err error
	switch what.what {
	case "clear":
		out.state = "done"
		cleared := c.stores[replica].Update(ctx, what.account, func(tx exchange.Tx) error {
			return tx.ClearWrongCodes(ctx, what.account, "")
		})
		if cleared != nil {
			out.state = unavailable
		}
	case "password":
		out, err = post(ctx, c.hooks[replica], "/hooks/settings/after-password", body(c.keys, what))
	default:
		out, err = post(ctx, c.hooks[replica], "/hooks/login/after-password", body(c.keys, what))
	}
	if out.state == "too_many_codes" {
		c.noted.retry, out.resend = out.resend, 0
	}
	what.at, what.drawn, out.told = c.noted.at, c.noted.drawn, c.noted.told
	return what, out, err
}
