package nidan.settings_test

import data.nidan.parameters_test as parameters
import data.nidan.settings

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

_session(second_step) := {"known": true, "channel": "softphone", "second_step": second_step}

_no_record := {"known": false, "channel": "unknown", "second_step": "unknown"}

_input(session, switches, account) := {
	"session": session,
	"settings": object.union(_settings, switches),
	"account": object.union(_account, account),
}

_missing := {"action": "refuse", "reason": "second_step_missing"}

_passed := {"action": "allow", "reason": "second_step_passed"}

_not_asked := {"action": "allow", "reason": "no_code_asked"}

_locked := {"action": "refuse", "reason": "account_locked"}

_inactive := {"action": "refuse", "reason": "account_inactive"}

# By session, settings and account, the decision on a new password.
_cases := {
	"with a code": {"input": _input(_session("passed"), {}, {}), "want": _passed},
	"on a remembered device": {"input": _input(_session("remembered"), {}, {}), "want": _passed},
	"without a code": {"input": _input(_session("not_asked"), {}, {}), "want": _missing},
	"a session without a record": {"input": _input(_no_record, {}, {}), "want": _missing},
	"without a code, while only the console asks": {
		"input": _input(_session("not_asked"), {"channels": {"softphone": false}}, {}),
		"want": _missing,
	},
	"without a code, while only the softphone asks": {
		"input": _input(_session("not_asked"), {"channels": {"admin_console": false}}, {}),
		"want": _missing,
	},
	"without a code, while neither asks": {
		"input": _input(_session("not_asked"), {"channels": {"admin_console": false, "softphone": false}}, {}),
		"want": _not_asked,
	},
	"while two-step verification is off": {"input": _input(_no_record, {"two_factor": false}, {}), "want": _not_asked},
	"of an account whose flag is off": {"input": _input(_no_record, {}, {"two_factor": false}), "want": _not_asked},
	"of an account without an address": {"input": _input(_no_record, {}, {"has_email": false}), "want": _not_asked},
	"on a plan without the agent's function, which the console asks": {
		"input": _input(_session("not_asked"), {}, {"plan": "business_phone"}),
		"want": _missing,
	},
	"of an account whose password has expired": {
		"input": _input(_session("passed"), {}, {"password_expired": true}),
		"want": _passed,
	},
	"of an account that is locked": {"input": _input(_session("passed"), {}, {"locked": true}), "want": _locked},
	"of an account that is inactive": {"input": _input(_session("passed"), {}, {"state": "inactive"}), "want": _inactive},
	"a factor, without a code": {
		"input": object.union(_input(_session("not_asked"), {}, {}), {"request": {"method": "totp"}}),
		"want": _missing,
	},
	"a factor, with a code": {
		"input": object.union(_input(_session("passed"), {}, {}), {"request": {"method": "totp"}}),
		"want": _passed,
	},
	"another profile, without a code": {
		"input": object.union(_input(_session("not_asked"), {}, {}), {"request": {"method": "profile"}}),
		"want": _missing,
	},
	"without a code, where Kratos calls the session aal2": {
		"input": _input(object.union(_session("not_asked"), {"aal": "aal2"}), {}, {}),
		"want": _missing,
	},
	"that waits for a factor": {
		"input": _input(object.union(_session("aal2_needed"), {"aal": "aal1"}), {}, {}),
		"want": _missing,
	},
	"that waited for a factor, and has shown it": {
		"input": _input(object.union(_session("aal2_needed"), {"aal": "aal2"}), {}, {}),
		"want": _passed,
	},
	"a new password, in a session that is for enrolment": {
		"input": object.union(_input(object.union(_session("enrol_only"), {"aal": "aal1"}), {}, {}), {"request": {"method": "password"}}),
		"want": _missing,
	},
	"a factor, in a session that is for enrolment": {
		"input": object.union(_input(object.union(_session("enrol_only"), {"aal": "aal1"}), {}, {}), {"request": {"method": "totp"}}),
		"want": {"action": "allow", "reason": "enrolment"},
	},
	"recovery codes, in a session that is for enrolment": {
		"input": object.union(_input(object.union(_session("enrol_only"), {"aal": "aal2"}), {}, {}), {"request": {"method": "lookup_secret"}}),
		"want": _missing,
	},
	"no session": {"input": json.remove(_input(_no_record, {}, {}), ["session"]), "want": _missing},
	"settings of which nothing is known": {
		"input": json.remove(_input(_no_record, {}, {}), ["settings"]),
		"want": _missing,
	},
	"nothing known": {"input": {}, "want": _locked},
}

test_decision[name] if {
	some name, tc in _cases
	got := settings.decision with input as tc.input
		with data.parameters as parameters.shipped
	got == tc.want
}

# By the level that Kratos reports for the session, for a role that must not use mail.
_by_level := {
	{"level": "aal2", "second_step": "not_asked", "want": _missing},
	{"level": "aal2", "second_step": "passed", "want": _passed},
	{"level": "aal1", "second_step": "passed", "want": _missing},
	{"level": "unknown", "second_step": "passed", "want": _passed},
	{"level": "unknown", "second_step": "remembered", "want": _missing},
	{"level": "unknown", "second_step": "not_asked", "want": _missing},
}

test_a_role_that_must_not_use_mail if {
	every tc in _by_level {
		got := settings.decision with input as _input(object.union(_session(tc.second_step), {"aal": tc.level}), {}, {})
			with data.parameters as parameters.but({"second_step_by": ["aal2"]})
		got == tc.want
	}
}

# A channel that a team adds counts like the others.
test_a_channel_that_was_added_asks_too if {
	off := {"channels": {"admin_console": false, "softphone": false}}
	kiosk := parameters.with_channels({"kiosk": {"return_to": ["https://kiosk.example.com/"]}})
	_missing == settings.decision with input as _input(_session("not_asked"), off, {})
		with data.parameters as kiosk
	_not_asked == settings.decision with input as _input(_session("not_asked"), object.union(off, {"channels": {"kiosk": false}}), {})
		with data.parameters as kiosk
}

# "every" holds for an empty set. That must not allow a change.
test_without_any_channel_a_second_step_is_needed if {
	_missing == settings.decision with input as _input(_session("not_asked"), {}, {})
		with data.parameters as parameters.but({"channels": {}})
}
