package nidan.login_factors_test

import data.nidan.login
import data.nidan.parameters_test as parameters

# An account that is asked, on a channel that is enforced. Each case changes some of these facts.
_asked := {
	"settings": {"two_factor": true, "channels": {"admin_console": true, "softphone": true}, "remember": true, "remember_days": 30},
	"account": {
		"role": "user",
		"email": "agent@example.com",
		"has_email": true,
		"two_factor": true,
		"state": "active",
		"locked": false,
		"password_expired": false,
		"plan": "",
	},
	"request": {
		"flow_type": "api",
		"oauth2_client_id": "",
		"headers": {},
		"client": {"name": "softphone", "version": "3.5.0"},
	},
	"device": {"known": false, "channel": "", "age_days": 0, "age_calendar_days": 0},
}

_with(changes) := object.union(_asked, changes)

# A decision without its terms.
_outcome(decision) := object.remove(decision, {"channel", "code", "limits", "remember_days", "capabilities"})

_code_required := {"action": "challenge", "reason": "code_required"}

_none := {"totp": false, "webauthn": false, "lookup_secret": false}

_app := object.union(_none, {"totp": true})

_key := object.union(_none, {"webauthn": true})

_recovery_codes_alone := object.union(_none, {"lookup_secret": true})

_both := {"second_step_by": ["aal2", "email"]}

_email_first := {"second_step_by": ["email", "aal2"]}

_aal2_alone := {"second_step_by": ["aal2"]}

_owners := {"second_step_by_of_role": {"owner": {"by": ["aal2"], "from": "2027-01-01"}}}

_needs := {"action": "refuse", "reason": "factors_needed", "needs": ["account.factors"]}

_by_aal2(ways) := {"action": "challenge", "reason": "aal2_needed", "second_step_by": ways}

_remembered := {"device": {"known": true, "channel": "softphone", "age_days": 0, "age_calendar_days": 0}}

_without_address := {"email": "", "has_email": false}

_factor_cases := {
	"a code is mailed, whatever factors there are, as long as nothing else is said": {
		"change": {"account": {"factors": _app}},
		"parameters": {},
		"outcome": _code_required,
	},
	"who has an authenticator app is not mailed a code": {
		"change": {"account": {"factors": _app}},
		"parameters": _both,
		"outcome": _by_aal2(["aal2", "email"]),
	},
	"nor is who has a security key": {
		"change": {"account": {"factors": _key}},
		"parameters": _both,
		"outcome": _by_aal2(["aal2", "email"]),
	},
	"who has none is mailed a code": {
		"change": {"account": {"factors": _none}},
		"parameters": _both,
		"outcome": _code_required,
	},
	"who has recovery codes alone is mailed a code": {
		"change": {"account": {"factors": _recovery_codes_alone}},
		"parameters": _both,
		"outcome": _code_required,
	},
	"whose factors are not known is decided when they are": {
		"change": {},
		"parameters": _both,
		"outcome": _needs,
	},
	"half of the factors is not enough to know": {
		"change": {"account": {"factors": {"totp": false}}},
		"parameters": _both,
		"outcome": _needs,
	},
	"where mail comes first, a code is mailed": {
		"change": {"account": {"factors": _app}},
		"parameters": _email_first,
		"outcome": {"action": "challenge", "reason": "code_required", "second_step_by": ["email", "aal2"]},
	},
	"where mail comes first, the factor is for who has no address": {
		"change": {"account": object.union(_without_address, {"factors": _app})},
		"parameters": _email_first,
		"outcome": _by_aal2(["aal2"]),
	},
	"who has no address and no factor is let in as before": {
		"change": {"account": object.union(_without_address, {"factors": _none})},
		"parameters": _both,
		"outcome": {"action": "allow", "reason": "no_email"},
	},
	"or is kept out as before": {
		"change": {"account": object.union(_without_address, {"factors": _none})},
		"parameters": object.union(_both, {"no_email": "refuse"}),
		"outcome": {"action": "refuse", "reason": "no_email"},
	},
	"who has no address is not let in before it is known whether there is a factor": {
		"change": {"account": _without_address},
		"parameters": _both,
		"outcome": _needs,
	},
	"not even with the account's flag off, where having no address keeps it out": {
		"change": {"account": object.union(_without_address, {"two_factor": false})},
		"parameters": object.union(_both, {"no_email": "refuse"}),
		"outcome": _needs,
	},
	"a device that is remembered does not stand for a factor": {
		"change": object.union(_remembered, {"account": {"factors": _app}}),
		"parameters": _both,
		"outcome": _by_aal2(["aal2", "email"]),
	},
	"nor before it is known whether there is a factor": {
		"change": _remembered,
		"parameters": _both,
		"outcome": _needs,
	},
	"it stands for a mailed code where there is no factor": {
		"change": object.union(_remembered, {"account": {"factors": _none}}),
		"parameters": _both,
		"outcome": {"action": "allow", "reason": "device_remembered", "second_step": "remembered"},
	},
	"it stands for a mailed code where mail comes first": {
		"change": _remembered,
		"parameters": _email_first,
		"outcome": {"action": "allow", "reason": "device_remembered", "second_step": "remembered"},
	},
	"an OAuth2 client, which Kratos signs in at once, is not let in for a factor": {
		"change": {"account": {"factors": _app}, "request": {"oauth2_client_id": "crm"}},
		"parameters": _both,
		"outcome": _code_required,
	},
	"nor is it where there is no other way": {
		"change": {"account": {"factors": _app}, "request": {"oauth2_client_id": "crm"}},
		"parameters": _aal2_alone,
		"outcome": {"action": "refuse", "reason": "second_factor_needed"},
	},
	"unless Kratos waits for the factor, too": {
		"change": {"account": {"factors": _app}, "request": {"oauth2_client_id": "crm"}},
		"parameters": object.union(_both, {"kratos_waits_for_aal2": true}),
		"outcome": _by_aal2(["aal2", "email"]),
	},
	"nobody is asked for a factor while two-step verification is off": {
		"change": {"settings": {"two_factor": false}},
		"parameters": _both,
		"outcome": {"action": "allow", "reason": "two_factor_off"},
	},
	"nor while the channel is off": {
		"change": {"settings": {"channels": {"softphone": false}}},
		"parameters": _both,
		"outcome": {"action": "allow", "reason": "channel_off"},
	},
	"nor with the account's flag off": {
		"change": {"account": {"two_factor": false}},
		"parameters": _both,
		"outcome": {"action": "allow", "reason": "account_off", "forget_devices": true},
	},
	"where there is no way but a factor, who has none is refused": {
		"change": {"account": {"factors": _none}},
		"parameters": _aal2_alone,
		"outcome": {"action": "refuse", "reason": "second_factor_needed"},
	},
	"and so is who has no address": {
		"change": {"account": object.union(_without_address, {"factors": _none})},
		"parameters": _aal2_alone,
		"outcome": {"action": "refuse", "reason": "second_factor_needed"},
	},
	"and a remembered device does not help": {
		"change": object.union(_remembered, {"account": {"factors": _none}}),
		"parameters": _aal2_alone,
		"outcome": {"action": "refuse", "reason": "second_factor_needed"},
	},
	"who has one is let in for it": {
		"change": {"account": {"factors": _app}},
		"parameters": _aal2_alone,
		"outcome": _by_aal2(["aal2"]),
	},
	"a team may mail a code for enrolment": {
		"change": {"account": {"factors": _none}},
		"parameters": object.union(_aal2_alone, {"enrol_by_email": true}),
		"outcome": {"action": "challenge", "reason": "enrolment", "second_step": "enrol_only"},
	},
	"but not for an OAuth2 client, which never asks what the session may do": {
		"change": {"account": {"factors": _none}, "request": {"oauth2_client_id": "crm"}},
		"parameters": object.union(_aal2_alone, {"enrol_by_email": true}),
		"outcome": {"action": "refuse", "reason": "second_factor_needed"},
	},
	"not even if Kratos waits for a factor, because there is none to wait for": {
		"change": {"account": {"factors": _none}, "request": {"oauth2_client_id": "crm"}},
		"parameters": object.union(_aal2_alone, {"enrol_by_email": true, "kratos_waits_for_aal2": true}),
		"outcome": {"action": "refuse", "reason": "second_factor_needed"},
	},
	"but not without an address": {
		"change": {"account": object.union(_without_address, {"factors": _none})},
		"parameters": object.union(_aal2_alone, {"enrol_by_email": true}),
		"outcome": {"action": "refuse", "reason": "second_factor_needed"},
	},
	"and not in the place of a factor that there is": {
		"change": {"account": {"factors": _app}},
		"parameters": object.union(_aal2_alone, {"enrol_by_email": true}),
		"outcome": _by_aal2(["aal2"]),
	},
	"before the day, an owner is mailed a code": {
		"change": {"today": "2026-12-31", "account": {"role": "owner"}},
		"parameters": _owners,
		"outcome": _code_required,
	},
	"from the day on, an owner without a factor is refused": {
		"change": {"today": "2027-01-01", "account": {"role": "owner", "factors": _none}},
		"parameters": _owners,
		"outcome": {"action": "refuse", "reason": "second_factor_needed"},
	},
	"from the day on, an owner with one is let in for it": {
		"change": {"today": "2027-01-02", "account": {"role": "owner", "factors": _key}},
		"parameters": _owners,
		"outcome": _by_aal2(["aal2"]),
	},
	"from the day on, an owner's remembered device does not count": {
		"change": object.union(_remembered, {"today": "2027-01-02", "account": {"role": "owner", "factors": _none}}),
		"parameters": _owners,
		"outcome": {"action": "refuse", "reason": "second_factor_needed"},
	},
	"an owner is not mailed a code where it is not known which day it is": {
		"change": {"account": {"role": "owner", "factors": _none}},
		"parameters": _owners,
		"outcome": {"action": "refuse", "reason": "second_factor_needed"},
	},
	"nor where the day is empty": {
		"change": {"today": "", "account": {"role": "owner", "factors": _none}},
		"parameters": _owners,
		"outcome": {"action": "refuse", "reason": "second_factor_needed"},
	},
	"other roles are mailed a code": {
		"change": {"today": "2027-01-02", "account": {"role": "supervisor"}},
		"parameters": _owners,
		"outcome": _code_required,
	},
}

test_factors[name] if {
	some name, tc in _factor_cases
	got := login.decision with input as _with(tc.change)
		with data.parameters as parameters.but(tc.parameters)
		with data.custom as {}
	object.remove(_outcome(got), ["message"]) == tc.outcome
}

# The account has a factor, and an OAuth2 client does not wait for it.
test_who_has_a_factor_that_is_not_waited_for_and_no_address_is_refused if {
	account := object.union(_without_address, {"factors": _app})
	got := login.decision with input as _with({"request": {"oauth2_client_id": "crm"}, "account": account})
		with data.parameters as parameters.but(_both)
		with data.custom as {}
	_outcome(got) == {"action": "refuse", "reason": "no_email"}
}

test_whose_role_is_not_known_may_be_an_owner if {
	asked := object.union(json.remove(_asked, ["account/role"]), {"today": "2027-01-02"})
	got := login.decision with input as asked
		with data.parameters as parameters.but(_owners)
		with data.custom as {}
	_outcome(got) == _needs
}

test_which_client_it_is_for_has_to_be_known if {
	asked := object.union(json.remove(_asked, ["request/oauth2_client_id"]), {"account": {"factors": _app}})
	got := login.decision with input as asked
		with data.parameters as parameters.but(_both)
		with data.custom as {}
	_outcome(got) == _code_required
}

test_where_the_address_is_not_known_a_code_is_asked if {
	asked := object.union(json.remove(_asked, ["account/has_email"]), {"account": {"factors": _none}})
	got := login.decision with input as asked
		with data.parameters as parameters.but(_both)
		with data.custom as {}
	got.action == "challenge"
}

test_no_device_is_remembered_by_a_factor if {
	got := login.decision with input as _with({"account": {"factors": _app}})
		with data.parameters as parameters.but(_both)
		with data.custom as {}
	got.remember_days == 0
}

test_who_is_refused_reads_what_to_do if {
	got := login.decision with input as _with({"account": {"factors": _none}})
		with data.parameters as parameters.but(_aal2_alone)
		with data.custom as {}
	contains(got.message.en, "authenticator app or a security key")
	contains(got.message.ja, "認証アプリまたはセキュリティキー")
}

# A custom rule asks for a second step, whatever the settings say.
_custom_factor_cases := {
	"a rule of one's own asks for the factor, for its own reason": {
		"account": {"factors": _app},
		"parameters": _both,
		"outcome": {"action": "challenge", "reason": "at_night", "second_step_by": ["aal2", "email"]},
	},
	"and for a code where there is none": {
		"account": {"factors": _none},
		"parameters": _both,
		"outcome": {"action": "challenge", "reason": "at_night"},
	},
	"it needs to know whether there is one": {
		"account": {},
		"parameters": _both,
		"outcome": _needs,
	},
	"who has neither address nor factor is refused": {
		"account": object.union(_without_address, {"factors": _none}),
		"parameters": _both,
		"outcome": {"action": "refuse", "reason": "no_email"},
	},
	"who has no address and a factor is not": {
		"account": object.union(_without_address, {"factors": _app}),
		"parameters": _both,
		"outcome": {"action": "challenge", "reason": "at_night", "second_step_by": ["aal2"]},
	},
	"the ways are said in their order": {
		"account": {"factors": _app},
		"parameters": _email_first,
		"outcome": {"action": "challenge", "reason": "at_night", "second_step_by": ["email", "aal2"]},
	},
	"who must use a factor and has none is refused": {
		"account": {"factors": _none},
		"parameters": _aal2_alone,
		"outcome": {"action": "refuse", "reason": "second_factor_needed"},
	},
	"or is mailed a code to enrol one": {
		"account": {"factors": _none},
		"parameters": object.union(_aal2_alone, {"enrol_by_email": true}),
		"outcome": {"action": "challenge", "reason": "at_night", "second_step": "enrol_only"},
	},
}

test_factors_by_rules_of_ones_own[name] if {
	some name, tc in _custom_factor_cases
	got := login.decision with input as _with({"settings": {"two_factor": false}, "account": tc.account})
		with data.parameters as parameters.but(tc.parameters)
		with data.custom as {"login": {"challenge": {{"reason": "at_night"}}}}
	object.remove(_outcome(got), ["message"]) == tc.outcome
}
