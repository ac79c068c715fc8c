package nidan.capabilities_step_up_test

import data.nidan.capabilities
import data.nidan.parameters_test as parameters

_input(session, settings, account) := {
	"session": session,
	"settings": object.union({"two_factor": true, "channels": {"admin_console": true, "softphone": true}}, settings),
	"account": object.union(
		{
			"role": "user",
			"has_email": true,
			"two_factor": true,
			"state": "active",
			"locked": false,
			"password_expired": false,
			"plan": "",
		},
		account,
	),
}

_session(channel, second_step) := {"known": true, "channel": channel, "second_step": second_step}

_no_record := {"known": false, "channel": "unknown", "second_step": "unknown"}

_both := {"agent": "softphone_asks_a_code", "console": "console_asks_a_code"}

# A session with the level and the age that Kratos reports.
_at(session, aal, minutes) := object.union(session, {"aal": aal, "age_minutes": minutes})

_waiting := _session("admin_console", "aal2_needed")

_enrolling := _session("admin_console", "enrol_only")

_everything := ["phonebook", "call_history", "agent", "console"]

_terms := {"capability_terms": {"console": {"max_age_minutes": 60, "aal": "aal2"}, "phonebook": {"max_age_minutes": 5}}}

_owners_by_aal2 := {"second_step_by_of_role": {"owner": {"by": ["aal2"], "from": "2027-01-01"}}}

_all(reason) := {capability: reason | some capability in _everything}

_step_up_cases := {
	"a session that waits for a factor is worth nothing": {
		"session": _at(_waiting, "aal1", 0),
		"capabilities": [],
		"reasons": _all("aal2_needed"),
		"step_up": _all({"acr": "aal2"}),
	},
	"nor is one of which Kratos does not say the level": {
		"session": _at(_waiting, "unknown", 0),
		"capabilities": [],
		"reasons": _all("aal2_needed"),
		"step_up": _all({"acr": "aal2"}),
	},
	"nor is one, where nobody is asked any more": {
		"session": _at(_waiting, "aal1", 0),
		"settings": {"two_factor": false},
		"capabilities": [],
		"reasons": _all("aal2_needed"),
		"step_up": _all({"acr": "aal2"}),
	},
	"with the factor, it is worth everything": {
		"session": _at(_waiting, "aal2", 0),
		"capabilities": _everything,
		"reasons": {},
	},
	"but not where there is no record of the sign-in with it: somebody may have enrolled the factor, and shown none": {
		"session": _at(_no_record, "aal2", 0),
		"capabilities": ["phonebook", "call_history"],
		"reasons": _both,
		"step_up": {"agent": {}, "console": {}},
	},
	"nor in a session that passed nothing when it began": {
		"session": _at(_session("admin_console", "not_asked"), "aal2", 0),
		"capabilities": ["phonebook", "call_history"],
		"reasons": _both,
		"step_up": {"agent": {}, "console": {}},
	},
	"also through the softphone": {
		"session": _at(_session("softphone", "passed"), "aal2", 0),
		"capabilities": _everything,
		"reasons": {},
	},
	"but not of an account that is locked": {
		"session": _at(_no_record, "aal2", 0),
		"account": {"locked": true},
		"capabilities": ["phonebook", "call_history"],
		"reasons": {"agent": "account_locked", "console": "account_locked"},
	},
	"a session for enrolment may do nothing else": {
		"session": _at(_enrolling, "aal1", 0),
		"capabilities": ["enrol"],
		"reasons": _all("second_factor_needed"),
	},
	"one of an account that was locked meanwhile may not even do that": {
		"session": _at(_enrolling, "aal1", 0),
		"account": {"locked": true},
		"capabilities": [],
		"reasons": {
			"phonebook": "second_factor_needed",
			"call_history": "second_factor_needed",
			"agent": "account_locked",
			"console": "account_locked",
		},
	},
	"it may do no more once the factor is enrolled, which has to be shown in a sign-in of its own": {
		"session": _at(_enrolling, "aal2", 0),
		"capabilities": ["enrol"],
		"reasons": _all("second_factor_needed"),
	},
	"what a code would earn is said": {
		"session": _at(_session("softphone", "not_asked"), "aal1", 0),
		"capabilities": ["phonebook", "call_history"],
		"reasons": _both,
		"step_up": {"agent": {}, "console": {}},
	},
	"a channel may use a reason of the rules as its own": {
		"session": _at(_session("admin_console", "not_asked"), "aal1", 0),
		"parameters": {"channels": object.union(
			data.parameters.channels,
			{"admin_console": {"reason": "aal2_needed"}, "softphone": {"reason": "aal2_needed"}},
		)},
		"capabilities": ["phonebook", "call_history"],
		"reasons": {"agent": "aal2_needed", "console": "aal2_needed"},
		"step_up": {"agent": {"acr": "aal2"}, "console": {"acr": "aal2"}},
	},
	"a capability may ask for the factor": {
		"session": _at(_session("admin_console", "passed"), "aal1", 0),
		"parameters": _terms,
		"capabilities": ["phonebook", "call_history", "agent"],
		"reasons": {"console": "aal2_needed"},
		"step_up": {"console": {"acr": "aal2"}},
	},
	"and for a sign-in that is not long ago": {
		"session": _at(_session("admin_console", "passed"), "aal2", 60),
		"parameters": _terms,
		"capabilities": ["call_history", "agent"],
		"reasons": {"console": "session_too_old", "phonebook": "session_too_old"},
		"step_up": {"console": {"max_age_minutes": 60}, "phonebook": {"max_age_minutes": 5}},
	},
	"which it is until then": {
		"session": _at(_session("admin_console", "passed"), "aal2", 59),
		"parameters": {"capability_terms": {"console": {"max_age_minutes": 60, "aal": "aal2"}}},
		"capabilities": _everything,
		"reasons": {},
	},
	"a session whose age is not known is too old": {
		"session": object.union(_session("admin_console", "passed"), {"aal": "aal2"}),
		"parameters": _terms,
		"capabilities": ["call_history", "agent"],
		"reasons": {"console": "session_too_old", "phonebook": "session_too_old"},
		"step_up": {"console": {"max_age_minutes": 60}, "phonebook": {"max_age_minutes": 5}},
	},
	"an owner's code counts before the day": {
		"session": _at(_session("admin_console", "passed"), "aal1", 0),
		"account": {"role": "owner"},
		"today": "2026-12-31",
		"parameters": _owners_by_aal2,
		"capabilities": _everything,
		"reasons": {},
	},
	"and not from that day on": {
		"session": _at(_session("admin_console", "passed"), "aal1", 0),
		"account": {"role": "owner"},
		"today": "2027-01-01",
		"parameters": _owners_by_aal2,
		"capabilities": ["phonebook", "call_history"],
		"reasons": {"agent": "aal2_needed", "console": "aal2_needed"},
		"step_up": {"agent": {"acr": "aal2"}, "console": {"acr": "aal2"}},
	},
	"where the day or the factor is not known, an account without an address is asked": {
		"session": _at(_session("softphone", "not_asked"), "aal1", 0),
		"account": {"has_email": false},
		"parameters": {"second_step_by": ["aal2", "email"]},
		"capabilities": ["phonebook", "call_history"],
		"reasons": _both,
		"step_up": {"agent": {}, "console": {}},
	},
}

test_step_up[name] if {
	some name, tc in _step_up_cases
	asked := _input(tc.session, object.get(tc, "settings", {}), object.get(tc, "account", {}))
	got := capabilities.decision with input as object.union(asked, {"today": object.get(tc, "today", "2026-04-01")})
		with data.parameters as parameters.but(object.get(tc, "parameters", {}))
		with data.custom as {}
	got.capabilities == tc.capabilities
	got.reasons == tc.reasons
	object.get(got, "step_up", {}) == object.get(tc, "step_up", {})
}

test_an_input_without_the_level_is_answered_as_before if {
	got := capabilities.decision with input as _input(_session("softphone", "not_asked"), {}, {})
		with data.parameters as parameters.shipped
		with data.custom as {}
	got == {"capabilities": ["phonebook", "call_history"], "reasons": _both}
}
