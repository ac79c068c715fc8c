package contract

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"nidan/exchange"
	"nidan/records"
)

// usual is an account that is asked for a code.
var usual = person{email: "agent@example.com", role: "user", flag: true}

// change changes one of the facts that a challenge is bound to, or changes it back.
func (s *sequence) change(t *rapid.T) {
	if h := s.any(t); h.who != usual {
		h.who = usual
	} else {
		h.who = changed(t)
	}
}

func changed(t *rapid.T) person {
	who := usual
	switch rapid.SampledFrom([]string{"email", "no email", "role", "flag", "locked"}).Draw(t, "what") {
	case "email":
		who.email = "other@example.com"
	case "no email":
		who.email = ""
	case "role":
		who.role = "supervisor"
	case "flag":
		who.flag = false
	case "locked":
		who.locked = true
	}
	return who
}

// goOn enters a code after a fact of the account has changed, and again after the fact was changed back.
func (s *sequence) goOn(t *rapid.T) {
	h := s.any(t)
	h.who = usual
	c := call{what: "login", flow: s.nativeFlow(), channel: "softphone"}
	s.call(t, h, c)
	if rapid.Bool().Draw(t, "resend") {
		c.action = "resend"
	} else {
		rightCode(t, h, &c)
	}
	h.who = changed(t)
	s.call(t, h, c)
	h.who = usual
	s.call(t, h, c)
}

// giveUp cancels a challenge and begins again, before or after the time from which another code may be sent.
func (s *sequence) giveUp(t *rapid.T) {
	h := s.any(t)
	c := call{what: "login", flow: s.nativeFlow(), channel: "softphone"}
	s.call(t, h, c)
	c.action = "cancel"
	s.call(t, h, c)
	if i := h.is.latest(c.flow); i >= 0 {
		s.exactlyAt(t, h.is.codes[i].resend())
	}
	c.action = ""
	s.call(t, h, c)
}

func (s *sequence) forget(t *rapid.T) {
	h := s.any(t)
	s.administrator(t, h, func(tx exchange.Tx) error { _, err := tx.ForgetDevices(t.Context(), h.name); return err })
	h.is.devices = nil
}

// mailFails makes the mail with the last code fail permanently.
func (s *sequence) mailFails(t *rapid.T) {
	h := s.any(t)
	i := len(h.is.codes) - 1
	if i < 0 || h.is.codes[i].failed != 0 {
		return
	}
	s.clock.micros.Add(second)
	one, now := h.is.codes[i], s.clock.read()
	err := s.store.FailMessage(t.Context(), records.Record{
		At: time.UnixMicro(now), Kind: "mail_refused", Account: h.name, Flow: one.flow, Challenge: one.id,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.is.codes = slices.Clone(h.is.codes)
	h.is.codes[i].failed = now
	c := call{what: "login", flow: one.flow, channel: "softphone", action: "resend"}
	if one.flow[0] == 'b' {
		c.channel = "admin_console"
	}
	if rapid.Bool().Draw(t, "with the code") {
		c.action, c.code = "", one.digits
	}
	s.exactly = rapid.Bool().Draw(t, "at once")
	s.call(t, h, c)
}

func (s *sequence) wait(t *rapid.T) {
	s.clock.micros.Add(rapid.SampledFrom([]int64{
		resendAfter, minute, 5 * minute, codeHolds, 60 * minute, day, 29 * day, 31 * day,
		day - s.clock.read()%day, // to midnight
	}).Draw(t, "how long"))
}

func (s *sequence) setBack(t *rapid.T) {
	s.clock.micros.Add(-rapid.SampledFrom([]int64{second, resendAfter, 60 * minute}).Draw(t, "by"))
}

// turn makes a call at the exact time at which a limit ends, or a microsecond before.
func (s *sequence) turn(t *rapid.T) {
	h := s.any(t)
	i := slices.IndexFunc(h.is.codes, func(c code) bool { return c.closed == open && c.left() > 0 })
	if i < 0 {
		return
	}
	one := h.is.codes[i]
	turns := []int64{one.ends(), one.ends(), one.resend(), one.sent + codeHolds, one.sent + day}
	if s.caller.noted.retry != 0 {
		turns = append(turns, s.caller.noted.retry)
	}
	for _, w := range h.is.wrong[:min(1, len(h.is.wrong))] {
		turns = append(turns, w.at+wrongHolds)
	}
	s.exactlyAt(t, turns...)
	s.submitFor(t, h, func(_ *holder, c *call) {
		switch c.flow = one.flow; rapid.SampledFrom([]string{"code", "resend", "new flow"}).Draw(t, "what") {
		case "code":
			c.code = one.digits
		case "resend":
			c.action = "resend"
		default:
			c.flow = s.newFlow()
		}
	})
}

// exactlyAt sets the clock so that the next call happens at one of these times, or a microsecond before.
func (s *sequence) exactlyAt(t *rapid.T, turns ...int64) {
	s.clock.micros.Store(rapid.SampledFrom(turns).Draw(t, "turn") - rapid.Int64Range(0, 1).Draw(t, "before"))
	s.exactly = true
}

func (s *sequence) purge(t *rapid.T) {
	now := s.clock.read()
	if err := s.store.Purge(t.Context(), time.UnixMicro(now-day)); err != nil {
		t.Fatal(err)
	}
	for _, h := range s.holders {
		h.is = h.is.purged(now)
	}
}
