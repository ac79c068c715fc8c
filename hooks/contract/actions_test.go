package contract

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"
)

// run carries out random actions.
func (s *sequence) run(t *rapid.T) {
	submit := func(change func(*rapid.T, *holder, *call)) func(*rapid.T) {
		return func(t *rapid.T) { s.submit(t, func(h *holder, c *call) { change(t, h, c) }) }
	}
	actions := map[string]func(*rapid.T){
		"":                                        s.kept,
		"a submission without a code":             submit(func(*rapid.T, *holder, *call) {}),
		"a submission in a new flow":              submit(func(_ *rapid.T, _ *holder, c *call) { c.flow = s.newFlow() }),
		"resend":                                  submit(func(_ *rapid.T, _ *holder, c *call) { c.action = "resend" }),
		"cancel":                                  submit(func(_ *rapid.T, _ *holder, c *call) { c.action = "cancel" }),
		"the right code":                          submit(rightCode),
		"a wrong code":                            submit(func(_ *rapid.T, _ *holder, c *call) { c.code = "wrong" }),
		"a code of any flow":                      submit(func(t *rapid.T, h *holder, c *call) { c.code = anyCode(t, h.is.codes) }),
		"a code of any account":                   submit(func(t *rapid.T, _ *holder, c *call) { c.code = anyCode(t, s.allCodes()) }),
		"a repeat":                                s.repeat,
		"a repeat with another body":              s.poseAsRepeat,
		"a sign-in that is remembered":            s.signIn,
		"a remembered device":                     s.comeBack,
		"a new password":                          s.newPassword,
		"something about the account changes":     s.change,
		"an administrator forgets the devices":    s.forget,
		"an administrator clears the wrong codes": func(t *rapid.T) { s.call(t, s.any(t), call{what: "clear"}) },
		"time goes by":                            s.wait,
		"the clock is set back":                   s.setBack,
		"a code that is given up":                 s.giveUp,
		"a mail that fails for good":              s.mailFails,
		"many guesses":                            s.guess,
		"codes in many flows":                     s.manyFlows,
		"what is old is forgotten":                s.purge,
		"the program is started again":            func(*rapid.T) { s.start() },
	}
	for i := range 3 { // more often, because many rules apply to it
		actions[fmt.Sprint("a sign-in that is remembered ", i)] = s.signIn
		actions[fmt.Sprint("a remembered device ", i)] = s.comeBack
		actions[fmt.Sprint("a code after something has changed ", i)] = s.goOn
		actions[fmt.Sprint("the clock comes to where something turns ", i)] = s.turn
	}
	t.Repeat(actions)
}

func (s *sequence) any(t *rapid.T) *holder {
	return s.holders[rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(t, "account")]
}

// flowAt is the id of a flow. Both accounts use the same ids: Kratos would not allow this, and it must have no effect.
func (s *sequence) flowAt(n int) string {
	kind := "native"
	if n%3 == 0 {
		kind = "browser"
	}
	return fmt.Sprint(kind, " flow ", n, " of run ", s.runs)
}

func (s *sequence) newFlow() string {
	s.flows++
	return s.flowAt(s.flows)
}

// submit makes a call in one of the latest flows.
func (s *sequence) submit(t *rapid.T, change func(*holder, *call)) {
	t.Helper()
	s.submitFor(t, s.any(t), change)
}

func (s *sequence) submitFor(t *rapid.T, h *holder, change func(*holder, *call)) {
	t.Helper()
	c := call{what: "login", flow: s.flowAt(max(0, s.flows-rapid.IntRange(0, 2).Draw(t, "flow")))}
	change(h, &c)
	if c.channel = "softphone"; c.flow[0] == 'b' {
		c.channel = "admin_console"
	}
	if c.token == "" {
		c.token = s.anyToken(t, c.channel)
	}
	s.call(t, h, c)
}

// anyToken is a device token that a client may have; the device may or may not be remembered.
func (s *sequence) anyToken(t *rapid.T, channel string) string {
	tokens := []string{"", ""}
	if channel == "admin_console" {
		tokens = append(tokens, cookies...)
	} else {
		for _, c := range s.allCodes() {
			tokens = append(tokens, given(c.id))
		}
	}
	return rapid.SampledFrom(tokens).Draw(t, "token")
}

func (s *sequence) allCodes() []code {
	return slices.Concat(s.holders[0].is.codes, s.holders[1].is.codes)
}

// anyCode is one of the codes; a wrong code if there are none.
func anyCode(t *rapid.T, of []code) string {
	if len(of) == 0 {
		return "no code"
	}
	return rapid.SampledFrom(of).Draw(t, "code").digits
}

// rightCode is the newest code of the flow.
func rightCode(t *rapid.T, h *holder, c *call) {
	i := h.is.latest(c.flow)
	if i < 0 {
		return
	}
	c.code, c.remember = h.is.codes[i].digits, rapid.Bool().Draw(t, "remember")
}

// repeat makes the last call again, although other things may have changed since.
func (s *sequence) repeat(t *rapid.T) {
	if _, there := s.of.is.answerTo(s.last); !there {
		return
	}
	c := s.last
	c.drawn = drawn{}
	s.expect(t, s.of, c)
}

// poseAsRepeat makes the last call again with another code. The code must not be compared, and the answer must reveal nothing.
func (s *sequence) poseAsRepeat(t *rapid.T) {
	if _, there := s.of.is.answerTo(s.last); !there {
		return
	}
	c := s.last
	c.code += "1"
	_, out, err := s.caller.do(t.Context(), 0, c)
	if err != nil || out.state != unavailable {
		t.Fatalf("a call that poses as the repeat of another was answered %+v, %v", out, err)
	}
}

func (s *sequence) newPassword(t *rapid.T) {
	h := s.any(t)
	// A code is bound to the date of the password. Here, where the clock is set back by whole seconds, two dates could be the same.
	for slices.Contains(h.dates, s.clock.read()+second) {
		s.clock.micros.Add(microsecond)
	}
	h.dates = append(h.dates, s.clock.read()+second)
	c := call{what: "password", flow: "settings"}
	if n := len(h.is.sessions); n > 0 && rapid.Bool().Draw(t, "with a session") {
		c.begun = h.is.sessions[rapid.IntRange(0, n-1).Draw(t, "session")].begun
	}
	s.call(t, h, c)
}
