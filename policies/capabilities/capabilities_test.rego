package nidan.capabilities_test

import data.nidan.capabilities
import data.nidan.parameters_test as parameters

_account := {
	"role": "user",
	"has_email": true,
	"two_factor": true,
	"state": "active",
	"locked": false,
	"password_expired": false,
	"plan": "",
}

_settings := {"two_factor": true, "channels": {"admin_console": true, "softphone": true}}

_session(channel, second_step) := {"known": true, "channel": channel, "second_step": second_step}

_no_record := {"known": false, "channel": "unknown", "second_step": "unknown"}

_input(session, settings, account) := {
	"session": session,
	"settings": object.union(_settings, settings),
	"account": object.union(_account, account),
}

_agent := "softphone_asks_a_code"

_console := "console_asks_a_code"

_both := {"agent": _agent, "console": _console}

# By session, settings and account, the reasons why a capability is missing.
_cases := {
	"the console, with a code": {
		"input": _input(_session("admin_console", "passed"), {}, {}),
		"reasons": {},
	},
	"the console, on a remembered device": {
		"input": _input(_session("admin_console", "remembered"), {}, {}),
		"reasons": {},
	},
	"the console, before the switch was set": {
		"input": _input(_session("admin_console", "not_asked"), {}, {}),
		"reasons": _both,
	},
	"the softphone, with a code": {
		"input": _input(_session("softphone", "passed"), {}, {}),
		"reasons": {"console": _console},
	},
	"the softphone, on a remembered device": {
		"input": _input(_session("softphone", "remembered"), {}, {}),
		"reasons": {"console": _console},
	},
	"the softphone, before the switch was set": {
		"input": _input(_session("softphone", "not_asked"), {}, {}),
		"reasons": _both,
	},
	"the softphone without a code, while only the console asks": {
		"input": _input(_session("softphone", "not_asked"), {"channels": {"softphone": false}}, {}),
		"reasons": {"console": _console},
	},
	"the console without a code, while only the softphone asks": {
		"input": _input(_session("admin_console", "not_asked"), {"channels": {"admin_console": false}}, {}),
		"reasons": {"agent": _agent},
	},
	"the softphone with a code, while only it asks": {
		"input": _input(_session("softphone", "passed"), {"channels": {"admin_console": false}}, {}),
		"reasons": {},
	},
	"an exempt channel": {
		"input": _input(_session("desk_phone", "not_asked"), {}, {}),
		"reasons": _both,
	},
	"a session without a record": {
		"input": _input(_no_record, {}, {}),
		"reasons": _both,
	},
	"a session without a record, of an account that is not asked": {
		"input": _input(_no_record, {}, {"two_factor": false}),
		"reasons": {},
	},
	"a session without a record, while nobody is asked": {
		"input": _input(_no_record, {"two_factor": false}, {}),
		"reasons": {},
	},
	"a session without a record that claims a code": {
		"input": _input(object.union(_no_record, {"channel": "admin_console", "second_step": "passed"}), {}, {}),
		"reasons": _both,
	},
	"an account without an address": {
		"input": _input(_session("softphone", "not_asked"), {}, {"has_email": false}),
		"reasons": {},
	},
	"a plan without the agent's function": {
		"input": _input(_session("softphone", "not_asked"), {}, {"plan": "business_phone"}),
		"reasons": {"console": _console},
	},
	"an account locked since": {
		"input": _input(_session("admin_console", "passed"), {}, {"locked": true}),
		"reasons": {"agent": "account_locked", "console": "account_locked"},
	},
	"an account locked since, while nobody is asked": {
		"input": _input(_session("admin_console", "not_asked"), {"two_factor": false}, {"locked": true}),
		"reasons": {"agent": "account_locked", "console": "account_locked"},
	},
	"an account whose password has expired since": {
		"input": _input(_session("admin_console", "passed"), {}, {"password_expired": true}),
		"reasons": {"agent": "password_expired", "console": "password_expired"},
	},
	"an account whose password has expired since, while nobody is asked": {
		"input": _input(_session("admin_console", "not_asked"), {"two_factor": false}, {"password_expired": true}),
		"reasons": {"agent": "password_expired", "console": "password_expired"},
	},
	"an account made inactive since": {
		"input": _input(_session("admin_console", "passed"), {}, {"state": "inactive"}),
		"reasons": {"agent": "account_inactive", "console": "account_inactive"},
	},
	"an account of which it is not known whether it is locked": {
		"input": json.remove(_input(_session("admin_console", "passed"), {}, {}), ["account/locked"]),
		"reasons": {"agent": "account_locked", "console": "account_locked"},
	},
	"an account of which it is not known whether its password has expired": {
		"input": json.remove(_input(_session("admin_console", "passed"), {}, {}), ["account/password_expired"]),
		"reasons": {"agent": "password_expired", "console": "password_expired"},
	},
	"an account of which the state is not known": {
		"input": json.remove(_input(_session("admin_console", "passed"), {}, {}), ["account/state"]),
		"reasons": {"agent": "account_inactive", "console": "account_inactive"},
	},
	"a session of which nothing is known": {
		"input": json.remove(_input(_no_record, {}, {}), ["session"]),
		"reasons": _both,
	},
	"settings of which nothing is known": {
		"input": json.remove(_input(_no_record, {}, {}), ["settings"]),
		"reasons": _both,
	},
	"nothing known": {
		"input": {},
		"reasons": {"agent": "account_locked", "console": "account_locked"},
	},
}

test_reasons[name] if {
	some name, tc in _cases
	got := capabilities.decision with input as tc.input
		with data.parameters as parameters.shipped
		with data.custom as {}
	got.reasons == tc.reasons
}

# A missing capability has a reason. All others are in the decision, in this order.
test_capabilities_are_those_without_a_reason[name] if {
	some name, tc in _cases
	got := capabilities.decision with input as tc.input
		with data.parameters as parameters.shipped
		with data.custom as {}
	earned := [capability | some capability in ["agent", "console"]; not tc.reasons[capability]]
	got.capabilities == array.concat(["phonebook", "call_history"], earned)
}

# Custom rules, as in the package custom.capabilities.
_custom_cases := {
	"a rule of one's own takes a capability away": {
		"custom": {"refuse": {{"capability": "agent", "reason": "closed"}}},
		"session": _session("softphone", "passed"),
		"capabilities": ["phonebook", "call_history"],
		"reasons": {"agent": "closed", "console": _console},
	},
	"a rule of one's own takes away what everybody has": {
		"custom": {"refuse": {{"capability": "phonebook", "reason": "closed"}}},
		"session": _session("admin_console", "passed"),
		"capabilities": ["call_history", "agent", "console"],
		"reasons": {"phonebook": "closed"},
	},
	"of two rules of one's own that take the same away, the first in order counts": {
		"custom": {"refuse": {{"capability": "agent", "reason": "b"}, {"capability": "agent", "reason": "a"}}},
		"session": _session("admin_console", "passed"),
		"capabilities": ["phonebook", "call_history", "console"],
		"reasons": {"agent": "a"},
	},
	"a rule of one's own that gives no reason takes a capability away": {
		"custom": {"refuse": {{"capability": "agent"}}},
		"session": _session("admin_console", "passed"),
		"capabilities": ["phonebook", "call_history", "console"],
		"reasons": {"agent": "custom_refusal"},
	},
	"a rule of one's own gives what a second step is lacking for, where such rules may": {
		"custom": {"allow": {{"capability": "agent", "reason": "office"}, {"capability": "console", "reason": "office"}}},
		"parameters": {"custom_may_allow": true},
		"session": _session("softphone", "not_asked"),
		"capabilities": ["phonebook", "call_history", "agent", "console"],
		"reasons": {},
	},
	"a rule of one's own gives nothing, as it ships": {
		"custom": {"allow": {{"capability": "agent", "reason": "office"}}},
		"session": _session("softphone", "not_asked"),
		"capabilities": ["phonebook", "call_history"],
		"reasons": _both,
	},
	"of rules of one's own, one that takes away comes before one that gives": {
		"custom": {
			"refuse": {{"capability": "agent", "reason": "closed"}},
			"allow": {{"capability": "agent", "reason": "office"}},
		},
		"parameters": {"custom_may_allow": true},
		"session": _session("softphone", "not_asked"),
		"capabilities": ["phonebook", "call_history"],
		"reasons": {"agent": "closed", "console": _console},
	},
	"a rule of one's own gives a locked account nothing": {
		"custom": {"allow": {{"capability": "agent", "reason": "office"}}},
		"parameters": {"custom_may_allow": true},
		"session": _session("softphone", "not_asked"),
		"account": {"locked": true},
		"capabilities": ["phonebook", "call_history"],
		"reasons": {"agent": "account_locked", "console": "account_locked"},
	},
}

test_rules_of_ones_own[name] if {
	some name, tc in _custom_cases
	got := capabilities.decision with input as _input(tc.session, {}, object.get(tc, "account", {}))
		with data.parameters as parameters.but(object.get(tc, "parameters", {}))
		with data.custom as {"capabilities": tc.custom}
	got == {"capabilities": tc.capabilities, "reasons": tc.reasons}
}

# Channels that a team adds. The kiosk gives no capability, and the tablet gives two, with different conditions.
_added := parameters.with_channels({
	"kiosk": {"return_to": ["https://kiosk.example.com/"]},
	"tablet": {"oauth2_clients": ["tablet"], "capabilities": ["agent", "door"]},
})

_added_cases := {
	"a channel that gives nothing opens nothing that keeps its second step to itself": {
		"session": _session("kiosk", "passed"),
		"switches": {},
		"reasons": {"agent": "channel_asks_a_code", "console": _console, "door": "channel_asks_a_code"},
	},
	"a channel that is switched off opens nothing": {
		"session": _session("kiosk", "not_asked"),
		"switches": {"channels": {"kiosk": false}},
		"reasons": {"agent": "channel_asks_a_code", "console": _console, "door": "channel_asks_a_code"},
	},
	"what a channel gives is there after its second step": {
		"session": _session("tablet", "passed"),
		"switches": {},
		"reasons": {"console": _console},
	},
	"of two channels that give a capability, each that asks wants its second step": {
		"session": _session("softphone", "not_asked"),
		"switches": {"channels": {"softphone": false}},
		"reasons": {"agent": "channel_asks_a_code", "console": _console, "door": "channel_asks_a_code"},
	},
	"a second step on one channel that gives a capability is one on the other": {
		"session": _session("softphone", "passed"),
		"switches": {},
		"reasons": {"console": _console, "door": "channel_asks_a_code"},
	},
}

test_channels_that_were_added[name] if {
	some name, tc in _added_cases
	got := capabilities.decision with input as _input(tc.session, tc.switches, {})
		with data.parameters as _added
		with data.custom as {}
	got.reasons == tc.reasons
}
