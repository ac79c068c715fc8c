package nidan.login_test

import data.nidan.login

# An account that is asked, on a channel that is enforced: each case says what it changes of it.
_asked := {
	"now": "2026-04-01T09:00:00Z",
	"settings": {
		"two_factor": true,
		"admin_console": true,
		"softphone": true,
		"remember": true,
		"remember_days": 30,
	},
	"account": {
		"id": "5b2c1f8e-0000-4000-8000-000000000001",
		"name": "agent",
		"role": "user",
		"email": "agent@example.com",
		"has_email": true,
		"two_factor": true,
		"state": "active",
	},
	"request": {
		"flow_type": "api",
		"return_to": "",
		"headers": {},
		"ip": "192.0.2.1",
		"user_agent": "softphone/3.5.0",
		"client": {"name": "softphone", "version": "3.5.0"},
		"refresh": false,
		"requested_aal": "aal1",
	},
	"device": {"known": false, "channel": "", "age_days": 0},
}

_with(changes) := object.union(_asked, changes)

_api_only := {"two_factor": true, "admin_console": true, "softphone": false}

_console_only := {"two_factor": true, "admin_console": false, "softphone": true}

_no_channel := {"two_factor": true, "admin_console": false, "softphone": false}

_device(age) := {"known": true, "channel": "softphone", "age_days": age}

_cases := {
	"an account with its flag on is asked for a code": {
		"change": {},
		"outcome": {"action": "challenge", "reason": "code_required"},
	},
	"nobody is asked while two-step verification is off": {
		"change": {"settings": {"two_factor": false}},
		"outcome": {"action": "allow", "reason": "two_factor_off"},
	},
	"the softphone is not asked while only the console is enforced": {
		"change": {"settings": _api_only},
		"outcome": {"action": "allow", "reason": "channel_off"},
	},
	"the console is not asked while only the softphone is enforced": {
		"change": {"settings": _console_only, "request": {"flow_type": "browser"}},
		"outcome": {"action": "allow", "reason": "channel_off"},
	},
	"the console is asked while only the console is enforced": {
		"change": {"settings": _api_only, "request": {"flow_type": "browser"}},
		"outcome": {"action": "challenge", "reason": "code_required"},
	},
	"the softphone is asked while only the softphone is enforced": {
		"change": {"settings": _console_only},
		"outcome": {"action": "challenge", "reason": "code_required"},
	},
	"a channel that cannot be told is asked while the console is enforced": {
		"change": {"settings": _api_only, "request": {"flow_type": ""}},
		"outcome": {"action": "challenge", "reason": "code_required"},
	},
	"a channel that cannot be told is asked while the softphone is enforced": {
		"change": {"settings": _console_only, "request": {"flow_type": "carrier pigeon"}},
		"outcome": {"action": "challenge", "reason": "code_required"},
	},
	"a channel that cannot be told is not asked while none is enforced": {
		"change": {"settings": _no_channel, "request": {"flow_type": ""}},
		"outcome": {"action": "allow", "reason": "channel_off"},
	},
	"an account without an e-mail address is let in": {
		"change": {"account": {"email": "", "has_email": false}},
		"outcome": {"action": "allow", "reason": "no_email"},
	},
	"an account with its flag off is let in": {
		"change": {"account": {"two_factor": false}},
		"outcome": {"action": "allow", "reason": "account_off"},
	},
	"a device remembered just now is not asked": {
		"change": {"device": _device(0)},
		"outcome": {"action": "allow", "reason": "device_remembered"},
	},
	"a device is not asked on the last of the days": {
		"change": {"device": _device(29)},
		"outcome": {"action": "allow", "reason": "device_remembered"},
	},
	"a device is asked when the days are over": {
		"change": {"device": _device(30)},
		"outcome": {"action": "challenge", "reason": "code_required"},
	},
	"a device is asked when the days have been lowered": {
		"change": {"device": _device(7), "settings": {"remember_days": 7}},
		"outcome": {"action": "challenge", "reason": "code_required"},
	},
	"a device is asked when remembering has been switched off": {
		"change": {"device": _device(0), "settings": {"remember": false}},
		"outcome": {"action": "challenge", "reason": "code_required"},
	},
	"a device remembered on another channel is asked": {
		"change": {"device": object.union(_device(0), {"channel": "admin_console"})},
		"outcome": {"action": "challenge", "reason": "code_required"},
	},
	"a device that is not known is asked, whatever else is said of it": {
		"change": {"device": object.union(_device(0), {"known": false})},
		"outcome": {"action": "challenge", "reason": "code_required"},
	},
	"that two-step verification is off comes before everything about the account": {
		"change": {"settings": {"two_factor": false}, "account": {"has_email": false, "two_factor": false}},
		"outcome": {"action": "allow", "reason": "two_factor_off"},
	},
	"that there is no address comes before the account's flag": {
		"change": {"account": {"has_email": false, "two_factor": false}},
		"outcome": {"action": "allow", "reason": "no_email"},
	},
}

test_outcome[name] if {
	some name, tc in _cases
	got := login.decision with input as _with(tc.change)
	object.filter(got, {"action", "reason"}) == tc.outcome
}

# With facts missing, a code is asked: what is not known lets nobody in.
test_missing_facts_ask_for_a_code[path] if {
	some path in {
		"",
		"settings/two_factor",
		"settings/softphone",
		"settings",
		"account/has_email",
		"account/two_factor",
		"account",
		"request",
	}
	known := json.remove(_asked, [path])
	got := login.decision with input as {k: v | some k, v in known; path != ""}
	got.action == "challenge"
}

test_a_missing_role_does_not_make_the_flag_count if {
	known := json.remove(_with({"account": {"two_factor": false}}), ["account/role"])
	got := login.decision with input as known
		with data.parameters.always_asked_roles as ["owner"]
	got.reason == "code_required"
}

test_a_missing_list_of_roles_does_not_make_the_flag_count if {
	got := login.decision with input as _with({"account": {"two_factor": false}})
		with data.parameters.always_asked_roles as null
	got.reason == "code_required"
}

test_an_always_asked_role_is_asked_whatever_its_flag if {
	got := login.decision with input as _with({"account": {"role": "owner", "two_factor": false}})
		with data.parameters.always_asked_roles as ["owner"]
	got.reason == "code_required"
}

test_one_line_refuses_accounts_without_an_address if {
	got := login.decision with input as _with({"account": {"has_email": false}})
		with data.parameters.no_email as "refuse"
	object.filter(got, {"action", "reason"}) == {"action": "refuse", "reason": "no_email"}
}

test_a_device_without_an_age_is_asked if {
	known := json.remove(_with({"device": _device(0)}), ["device/age_days"])
	got := login.decision with input as known
	got.reason == "code_required"
}

test_channel[flow_type] if {
	some flow_type, channel in {"browser": "admin_console", "api": "softphone", "": "unknown", "API": "unknown"}
	got := login.decision with input as _with({"request": {"flow_type": flow_type}})
	got.channel == channel
}

test_days_are_those_of_the_settings if {
	got := login.decision with input as _asked
	got.remember_days == 30
}

test_no_days_where_remembering_is_off if {
	got := login.decision with input as _with({"settings": {"remember": false}})
	got.remember_days == 0
}

test_terms_of_the_code_are_those_of_the_data if {
	got := login.decision with input as _asked
	got.code == {"length": 6, "ttl_seconds": 600, "max_attempts": 10, "resend_after_seconds": 30}
	got.capabilities == ["phonebook", "call_history"]
}
