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

_settings := {"two_factor": true, "admin_console": true, "softphone": true}

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

# By session, settings and account: why a capability is lacking.
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
		"input": _input(_session("softphone", "not_asked"), {"softphone": false}, {}),
		"reasons": {"console": _console},
	},
	"the console without a code, while only the softphone asks": {
		"input": _input(_session("admin_console", "not_asked"), {"admin_console": false}, {}),
		"reasons": {"agent": _agent},
	},
	"the softphone with a code, while only it asks": {
		"input": _input(_session("softphone", "passed"), {"admin_console": false}, {}),
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
	got.reasons == tc.reasons
}

# What is lacking has a reason, and what has none is there, in this order.
test_capabilities_are_those_without_a_reason[name] if {
	some name, tc in _cases
	got := capabilities.decision with input as tc.input
		with data.parameters as parameters.shipped
	earned := [capability | some capability in ["agent", "console"]; not tc.reasons[capability]]
	got.capabilities == array.concat(["phonebook", "call_history"], earned)
}
