package contract

import "slices"

// signIn is the decision of the policies with its effects.
func (a account) signIn(c call) (answer, account) {
	switch {
	case c.who.locked:
		return answer{state: "sign_in_again"}, a
	case c.who.email == "":
		return a.unasked(c, "not_asked")
	case !c.who.flag:
		a.devices = nil
		return a.unasked(c, "not_asked")
	case a.remembers(c):
		return a.unasked(c, "remembered")
	}
	return a.asked(c)
}

func (a account) remembers(c call) bool {
	i := a.device(c.token)
	return i >= 0 && a.devices[i].channel == c.channel && (c.at-a.devices[i].at)/day < rememberDays
}

func (a account) device(token string) int {
	return slices.IndexFunc(a.devices, func(d device) bool { return d.token == token })
}

// unasked is a sign-in for which the policies ask for no code. A person who enters a code has to sign in again.
func (a account) unasked(c call, step string) (answer, account) {
	last := a.latest(c.flow)
	standing := last >= 0 && a.codes[last].closed == open
	switch {
	case c.action == "cancel":
		return a.cancel(last)
	case standing && (c.code != "" || c.action == "resend"):
		return answer{state: "sign_in_again"}, a.close(last, outdated)
	}
	return a.letIn(c, step)
}

func (a account) letIn(c call, step string) (answer, account) {
	a.sessions = with(a.sessions, session{c.begun, step})
	return answer{state: "passed"}, a
}

// newPassword is allowed if the session has passed the second step, or if the account is not asked for one.
func (a account) newPassword(c call) (answer, account) {
	earned := slices.ContainsFunc(a.sessions, func(s session) bool {
		return s.step != "not_asked" && (s.begun == c.begun || c.begun == 0 && s.begun >= c.at-60*minute)
	})
	switch {
	case c.who.locked:
		return answer{state: "sign_in_again"}, a
	case !earned && c.who.email != "" && c.who.flag:
		return answer{state: "sign_in_again"}, a
	}
	a.devices, a.passwords = nil, a.passwords+1
	return answer{state: "passed"}, a
}
