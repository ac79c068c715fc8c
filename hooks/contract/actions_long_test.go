package contract

import "pgregory.net/rapid"

// signIn asks for a code in a new flow, enters it, and asks for the device to be remembered.
func (s *sequence) signIn(t *rapid.T) {
	h := s.any(t)
	c := call{what: "login", flow: s.nativeFlow(), channel: "softphone"}
	if rapid.Bool().Draw(t, "in a browser") {
		c.flow, c.channel, c.token = "browser"+c.flow, "admin_console", rapid.SampledFrom(cookies).Draw(t, "cookie")
	}
	s.call(t, h, c)
	if i := h.is.latest(c.flow); i >= 0 {
		c.code, c.remember = h.is.codes[i].digits, true
	}
	s.call(t, h, c)
}

// comeBack signs in on a remembered device: with the same or another channel, with the same or another account, before or after the
// remembering ends.
func (s *sequence) comeBack(t *rapid.T) {
	of, h := s.any(t), s.any(t)
	if len(of.is.devices) == 0 {
		return
	}
	d := rapid.SampledFrom(of.is.devices).Draw(t, "device")
	if rapid.Bool().Draw(t, "when its time is over") {
		s.exactlyAt(t, d.at+rememberDays*day)
	}
	c := call{what: "login", flow: s.nativeFlow(), channel: "softphone", token: d.token}
	if (d.channel == "admin_console") != rapid.SampledFrom([]bool{false, false, true}).Draw(t, "on the other channel") {
		c.flow, c.channel = "browser"+c.flow, "admin_console"
	}
	s.call(t, h, c)
}

func (s *sequence) nativeFlow() string {
	if s.flows++; s.flows%3 == 0 {
		s.flows++
	}
	return s.flowAt(s.flows)
}

// guess enters wrong codes and asks for new ones, until the account is refused or a number of tries is reached.
func (s *sequence) guess(t *rapid.T) {
	h := s.holders[0]
	c := call{what: "login", channel: "softphone", flow: s.nativeFlow()}
	for range rapid.SampledFrom([]int{12, 40, 120}).Draw(t, "guesses") {
		c.code, c.action = "wrong", ""
		switch s.call(t, h, c).state {
		case "sign_in_again", "passed":
			c.flow = s.nativeFlow()
		case "attempts_exceeded", "code_expired":
			s.clock.micros.Add(resendAfter)
			c.code, c.action = "", "resend"
			if s.call(t, h, c).state == "too_many_codes" {
				s.clock.micros.Store(max(s.clock.read(), s.caller.noted.retry))
			}
		case "too_many_codes":
			s.clock.micros.Add(codeHolds)
		case "refused":
			return
		}
	}
}

// manyFlows asks for a code in one flow after the other, each as early as the limits allow or a little later.
func (s *sequence) manyFlows(t *rapid.T) {
	between := rapid.SampledFrom([]int64{second, 2 * minute, 10 * minute, 60 * minute}).Draw(t, "between")
	for range rapid.SampledFrom([]int{6, 12, 25}).Draw(t, "flows") {
		s.clock.micros.Add(between)
		s.submit(t, func(_ *holder, c *call) { c.flow = s.newFlow() })
	}
}
