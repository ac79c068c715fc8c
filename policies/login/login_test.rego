package nidan.login_test

import data.nidan.login
import data.nidan.parameters_test as parameters

# An account that is asked, on a channel that is enforced. Each case changes some of these facts.
_asked := {
	"now": "2026-04-01T09:00:00Z",
	"settings": {
		"two_factor": true,
		"channels": {"admin_console": true, "softphone": true},
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
		"locked": false,
		"password_expired": false,
		"plan": "",
	},
	"request": {
		"flow_type": "api",
		"return_to": "",
		"oauth2_client_id": "",
		"headers": {},
		"ip": "192.0.2.1",
		"ip_trusted": true,
		"user_agent": "softphone/3.5.0",
		"client": {"name": "softphone", "version": "3.5.0"},
		"method": "password",
		"refresh": false,
		"requested_aal": "aal1",
	},
	"device": {"known": false, "channel": "", "age_days": 0, "age_calendar_days": 0},
}

_with(changes) := object.union(_asked, changes)

# A decision without its terms.
_outcome(decision) := object.remove(decision, {"channel", "code", "limits", "remember_days", "capabilities"})

_api_only := {"two_factor": true, "channels": {"admin_console": true, "softphone": false}}

_console_only := {"two_factor": true, "channels": {"admin_console": false, "softphone": true}}

_no_channel := {"two_factor": true, "channels": {"admin_console": false, "softphone": false}}

# Devices whose ages in 24-hour periods and in midnights are far apart, so that no test takes one for the other.
_device(age) := {"known": true, "channel": "softphone", "age_days": age, "age_calendar_days": 400}

_calendar_device(age) := {"known": true, "channel": "softphone", "age_days": 400, "age_calendar_days": age}

_version(version) := {"request": {"client": {"name": "softphone", "version": version}}}

_too_old := {"action": "refuse", "reason": "client_too_old", "state": "client_too_old"}

_code_required := {"action": "challenge", "reason": "code_required"}

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
		"outcome": {"action": "allow", "reason": "account_off", "forget_devices": true},
	},
	"a device remembered just now is not asked": {
		"change": {"device": _device(0)},
		"outcome": {"action": "allow", "reason": "device_remembered", "second_step": "remembered"},
	},
	"a device is not asked on the last of the days": {
		"change": {"device": _device(29)},
		"outcome": {"action": "allow", "reason": "device_remembered", "second_step": "remembered"},
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
	"a locked account is refused": {
		"change": {"account": {"locked": true}},
		"outcome": {"action": "refuse", "reason": "account_locked", "state": "sign_in_again"},
	},
	"an expired password is refused": {
		"change": {"account": {"password_expired": true}},
		"outcome": {"action": "refuse", "reason": "password_expired", "state": "sign_in_again"},
	},
	"an inactive account is refused": {
		"change": {"account": {"state": "inactive"}},
		"outcome": {"action": "refuse", "reason": "account_inactive", "state": "sign_in_again"},
	},
	"an account in a state that is not known is refused": {
		"change": {"account": {"state": ""}},
		"outcome": {"action": "refuse", "reason": "account_inactive", "state": "sign_in_again"},
	},
	"that the account is locked comes before all else": {
		"change": {
			"account": {"locked": true, "password_expired": true, "state": "inactive"},
			"settings": {"two_factor": false},
		},
		"outcome": {"action": "refuse", "reason": "account_locked", "state": "sign_in_again"},
	},
	"that the password has expired comes before that two-step verification is off": {
		"change": {"account": {"password_expired": true}, "settings": {"two_factor": false}},
		"outcome": {"action": "refuse", "reason": "password_expired", "state": "sign_in_again"},
	},
	"that the account is inactive comes before that two-step verification is off": {
		"change": {"account": {"state": "inactive"}, "settings": {"two_factor": false}},
		"outcome": {"action": "refuse", "reason": "account_inactive", "state": "sign_in_again"},
	},
	"the softphone is not asked on a plan without the agent's function": {
		"change": {"account": {"plan": "business_phone"}},
		"outcome": {"action": "allow", "reason": "plan_without_agent"},
	},
	"the console is asked on a plan without the agent's function": {
		"change": {"account": {"plan": "business_phone"}, "request": {"flow_type": "browser"}},
		"outcome": _code_required,
	},
	"the softphone is asked on another plan": {
		"change": {"account": {"plan": "call_center"}},
		"outcome": _code_required,
	},
	"that the plan has no agent comes before the softphone's age": {
		"change": {"account": {"plan": "business_phone"}, "request": {"client": {"name": "softphone", "version": "1.0.0"}}},
		"outcome": {"action": "allow", "reason": "plan_without_agent"},
	},
	"that the account's flag is off comes before the softphone's age": {
		"change": object.union(_version("1.0.0"), {"account": {"two_factor": false}}),
		"outcome": {"action": "allow", "reason": "account_off", "forget_devices": true},
	},
	"the softphone's age comes before a device that is remembered": {
		"change": object.union(_version("1.0.0"), {"device": _device(0)}),
		"outcome": _too_old,
	},
	"a browser says no version, and is not asked for one": {
		"change": {"request": {"flow_type": "browser", "client": {"name": "", "version": ""}}},
		"outcome": _code_required,
	},
	"a client that calls itself a desk phone is asked": {
		"change": {"request": {"client": {"name": "desk_phone", "version": "3.5.0"}}},
		"outcome": _code_required,
	},
	"a client that calls itself mobile and has no version is refused": {
		"change": {"request": {"client": {"name": "mobile", "version": ""}}},
		"outcome": _too_old,
	},
	"a header that nobody has named exempts nobody": {
		"change": {"request": {"headers": {"x-channel": "desk_phone", "": "desk_phone"}}},
		"outcome": _code_required,
	},
	"an OAuth2 client that nobody has named exempts nobody": {
		"change": {"request": {"oauth2_client_id": "desk_phone"}},
		"outcome": _code_required,
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
		with data.parameters as parameters.shipped
		with data.custom as {}
	_outcome(got) == tc.outcome
}

_versions := {
	"3.5.0": _code_required,
	"3.5.1": _code_required,
	"3.10.0": _code_required,
	"4": _code_required,
	"3.6": _code_required,
	"10.0.0": _code_required,
	"4.0.0-rc1": _code_required,
	"3.5.0+build7": _code_required,
	"v3.5.0": _code_required,
	"3.5.0-rc1": _too_old,
	"3.4.99": _too_old,
	"3.4": _too_old,
	"3": _too_old,
	"0.0.0": _too_old,
	"": _too_old,
	"nonsense": _too_old,
	"3.5.0.1": _too_old,
	"03.5.0": _too_old,
	"-4.0.0": _too_old,
	"4.0.0 ": _too_old,
	"４": _too_old,
	"99999999999999999999": _too_old,
}

test_softphones_are_compared_as_semantic_versions[version] if {
	some version, outcome in _versions
	got := login.decision with input as _with(_version(version))
		with data.parameters as parameters.shipped
		with data.custom as {}
	_outcome(got) == outcome
}

# A minimum may be a short version, too.
_minimums := {
	"4": {"4": _code_required, "4.0.0": _code_required, "3.99.99": _too_old, "4.0.0-rc1": _too_old},
	"3.6": {"3.6": _code_required, "3.6.1": _code_required, "4": _code_required, "3.5.9": _too_old, "3": _too_old},
	"3.6.0-rc1": {"3.6": _code_required, "3.6.0-rc2": _code_required, "3.5": _too_old},
}

test_a_minimum_may_be_short[minimum][version] if {
	some minimum, outcomes in _minimums
	some version, outcome in outcomes
	got := login.decision with input as _with(_version(version))
		with data.parameters as parameters.with_channels({"softphone": {"minimum_version": minimum}})
		with data.custom as {}
	_outcome(got) == outcome
}

test_a_channel_without_a_minimum_takes_every_version if {
	got := login.decision with input as _with(_version("1.0.0"))
		with data.parameters as parameters.but({"channels": json.remove(parameters.shipped.channels, ["softphone/minimum_version"])})
		with data.custom as {}
	got.reason == "code_required"
}

# A gateway names the channel in a header, and Kratos names OAuth2 clients.
_vouching := object.union(
	parameters.with_channels({"opencti": {"oauth2_clients": ["crm"]}, "admin_console": {"oauth2_clients": ["console"]}}),
	{"channel_header": "x-channel"},
)

_evidence := {
	"a gateway's header that is named": {"request": {"headers": {"x-channel": "desk_phone"}}},
	"an OAuth2 client that is named": {"request": {"oauth2_client_id": "crm"}},
	"a gateway's header, in a browser's flow": {"request": {"flow_type": "browser", "headers": {"x-channel": "desk_phone"}}},
}

test_trusted_evidence_exempts_a_channel[name] if {
	some name, change in _evidence
	got := login.decision with input as _with(change)
		with data.parameters as _vouching
		with data.custom as {}
	_outcome(got) == {"action": "allow", "reason": "channel_exempt"}
	got.channel in {"desk_phone", "opencti"}
}

_no_evidence := {
	"a header with a channel that is not exempt": {"request": {"headers": {"x-channel": "softphone"}}},
	"a header with a channel that is not in the list": {"request": {"headers": {"x-channel": "unknown"}}},
	"a header that was sent twice": {"request": {"headers": {"x-channel": "desk_phone, desk_phone"}}},
	"an empty header": {"request": {"headers": {"x-channel": ""}}},
	"another OAuth2 client": {"request": {"oauth2_client_id": "other"}},
	"an OAuth2 client of a channel that is not exempt": {"request": {"oauth2_client_id": "console"}},
}

test_other_evidence_exempts_nobody[name] if {
	some name, change in _no_evidence
	got := login.decision with input as _with(change)
		with data.parameters as _vouching
		with data.custom as {}
	got.reason == "code_required"
}

test_a_locked_account_is_refused_on_an_exempt_channel_too if {
	got := login.decision with input as _with({"account": {"locked": true}, "request": {"oauth2_client_id": "crm"}})
		with data.parameters as _vouching
		with data.custom as {}
	got.reason == "account_locked"
}

test_days_counted_by_the_calendar[age] if {
	some age, reason in {0: "device_remembered", 29: "device_remembered", 30: "code_required"}
	got := login.decision with input as _with({"device": _calendar_device(age)})
		with data.parameters as parameters.but({"days_are_counted_as": "calendar_day"})
		with data.custom as {}
	got.reason == reason
}

test_days_counted_in_an_unknown_way_count_for_nothing if {
	got := login.decision with input as _with({"device": {
		"known": true,
		"channel": "softphone",
		"age_days": 0,
		"age_calendar_days": 0,
	}})
		with data.parameters as parameters.but({"days_are_counted_as": "moons"})
		with data.custom as {}
	got.reason == "code_required"
}

# A missing fact lets nobody in.
test_missing_facts_let_nobody_in[path] if {
	some path in {
		"settings/two_factor",
		"settings/channels/softphone",
		"settings/channels",
		"settings",
		"account/has_email",
		"account/two_factor",
		"account",
		"request",
	}
	got := login.decision with input as json.remove(_asked, [path])
		with data.parameters as parameters.shipped
		with data.custom as {}
	got.action != "allow"
}

test_a_missing_state_refuses[path] if {
	some path, reason in {
		"account/locked": "account_locked",
		"account/password_expired": "password_expired",
		"account/state": "account_inactive",
		"account": "account_locked",
	}
	got := login.decision with input as json.remove(_asked, [path])
		with data.parameters as parameters.shipped
		with data.custom as {}
	_outcome(got) == {"action": "refuse", "reason": reason, "state": "sign_in_again"}
}

test_a_missing_role_does_not_make_the_flag_count if {
	known := json.remove(_with({"account": {"two_factor": false}}), ["account/role"])
	got := login.decision with input as known
		with data.parameters as parameters.but({"always_asked_roles": ["owner"]})
		with data.custom as {}
	got.reason == "code_required"
}

test_a_missing_list_of_roles_does_not_make_the_flag_count if {
	got := login.decision with input as _with({"account": {"two_factor": false}})
		with data.parameters as parameters.but({"always_asked_roles": null})
		with data.custom as {}
	got.reason == "code_required"
}

test_an_always_asked_role_is_asked_whatever_its_flag if {
	got := login.decision with input as _with({"account": {"role": "owner", "two_factor": false}})
		with data.parameters as parameters.but({"always_asked_roles": ["owner"]})
		with data.custom as {}
	got.reason == "code_required"
}

test_one_line_refuses_accounts_without_an_address if {
	got := login.decision with input as _with({"account": {"has_email": false}})
		with data.parameters as parameters.but({"no_email": "refuse"})
		with data.custom as {}
	_outcome(got) == {"action": "refuse", "reason": "no_email"}
}

test_a_device_without_an_age_is_asked if {
	known := json.remove(_with({"device": _device(0)}), ["device/age_days"])
	got := login.decision with input as known
		with data.parameters as parameters.shipped
		with data.custom as {}
	got.reason == "code_required"
}

test_channel[flow_type] if {
	some flow_type, channel in {"browser": "admin_console", "api": "softphone", "": "unknown", "API": "unknown"}
	got := login.decision with input as _with({"request": {"flow_type": flow_type}})
		with data.parameters as parameters.shipped
		with data.custom as {}
	got.channel == channel
}

# A channel that a team adds, with its evidence.
_kiosk := parameters.with_channels({
	"kiosk": {"name": {"ja": "キオスク", "en": "Kiosk"}, "return_to": ["https://kiosk.example.com/"]},
	"softphone": {"oauth2_clients": ["phone"]},
})

_told := {
	"where the browser goes afterwards tells a channel": {
		"request": {"flow_type": "browser", "return_to": "https://kiosk.example.com/start"},
		"channel": "kiosk",
	},
	"it does so before the type of the flow": {
		"request": {"flow_type": "api", "return_to": "https://kiosk.example.com/"},
		"channel": "kiosk",
	},
	"an address that begins otherwise tells nothing": {
		"request": {"flow_type": "browser", "return_to": "https://kiosk.example.com.evil.example/"},
		"channel": "admin_console",
	},
	"an OAuth2 client tells a channel before where the browser goes": {
		"request": {"flow_type": "browser", "return_to": "https://kiosk.example.com/", "oauth2_client_id": "phone"},
		"channel": "softphone",
	},
	"a gateway's header comes first": {
		"request": {"return_to": "https://kiosk.example.com/", "oauth2_client_id": "phone", "headers": {"x-channel": "admin_console"}},
		"channel": "admin_console",
	},
	"a gateway's header with a name that is not in the list tells nothing": {
		"request": {"flow_type": "browser", "headers": {"x-channel": "no_such"}},
		"channel": "admin_console",
	},
}

test_a_channel_is_told_by_the_strongest_evidence[name] if {
	some name, tc in _told
	got := login.decision with input as _with({"request": tc.request})
		with data.parameters as object.union(_kiosk, {"channel_header": "x-channel"})
		with data.custom as {}
	got.channel == tc.channel
}

# The gate refuses such a list. The rules must be safe without the gate.
test_what_a_client_chooses_exempts_no_channel[name] if {
	some name, evidence in {
		"where the browser goes": {"return_to": ["https://kiosk.example.com/"]},
		"the type of the flow": {"flow_type": "carrier pigeon"},
	}
	kiosk := object.union(evidence, {"exempt": true})
	request := {"flow_type": "carrier pigeon", "return_to": "https://kiosk.example.com/"}
	got := login.decision with input as _with({"request": request})
		with data.parameters as parameters.with_channels({"kiosk": kiosk})
		with data.custom as {}
	got.channel == "unknown"
	got.reason == "code_required"
}

_switched := {
	"a channel that was added is asked before anybody has set its switch": {"channels": {}, "reason": "code_required"},
	"a channel that was added is asked while its switch is on": {"channels": {"kiosk": true}, "reason": "code_required"},
	"a channel that was added is not asked while its switch is off": {"channels": {"kiosk": false}, "reason": "channel_off"},
	"the switches of other channels do not count for it": {
		"channels": {"admin_console": false, "softphone": false},
		"reason": "code_required",
	},
}

test_a_switch_for_each_channel[name] if {
	some name, tc in _switched
	got := login.decision with input as _with({
		"request": {"return_to": "https://kiosk.example.com/"},
		"settings": {"channels": tc.channels},
	})
		with data.parameters as _kiosk
		with data.custom as {}
	got.reason == tc.reason
}

test_a_channel_that_cannot_be_told_is_asked_while_a_channel_that_was_added_is_enforced if {
	got := login.decision with input as _with({"request": {"flow_type": ""}, "settings": _no_channel})
		with data.parameters as _kiosk
		with data.custom as {}
	got.reason == "code_required"
}

# "every" holds for an empty set. That must not switch a channel off.
test_without_any_channel_to_enforce_everybody_is_asked if {
	got := login.decision with input as _with({"settings": _no_channel})
		with data.parameters as parameters.but({"channels": {"mobile": {"exempt": true}}})
		with data.custom as {}
	got.channel == "unknown"
	got.reason == "code_required"
}

test_a_plan_without_agent_is_let_in_on_channels_for_the_agent_alone if {
	got := login.decision with input as _with({"account": {"plan": "business_phone"}})
		with data.parameters as parameters.but({"channels": {"tablet": {"flow_type": "api", "capabilities": ["agent"]}}})
		with data.custom as {}
	got.reason == "plan_without_agent"
	both := login.decision with input as _with({"account": {"plan": "business_phone"}})
		with data.parameters as parameters.but({"channels": {"tablet": {"flow_type": "api", "capabilities": ["agent", "door"]}}})
		with data.custom as {}
	both.reason == "code_required"
}

test_days_are_those_of_the_settings if {
	got := login.decision with input as _asked
		with data.parameters as parameters.shipped
		with data.custom as {}
	got.remember_days == 30
}

test_no_days_where_remembering_is_off if {
	got := login.decision with input as _with({"settings": {"remember": false}})
		with data.parameters as parameters.shipped
		with data.custom as {}
	got.remember_days == 0
}

test_terms_of_the_code_are_those_of_the_data if {
	got := login.decision with input as _asked
		with data.parameters as parameters.shipped
		with data.custom as {}
	got.code == {"length": 6, "ttl_seconds": 600, "max_attempts": 10, "resend_after_seconds": 30}
	got.limits == {
		"codes": 5,
		"codes_within_seconds": 600,
		"wrong_codes": 100,
		"codes_per_day": 20,
		"wait_doubles_after": 10,
		"reserved_codes_per_day": 10,
		"wrong_code_days": 30,
		"tell_wrong_codes": 3,
	}
	got.capabilities == ["phonebook", "call_history"]
}

_method(method) := {"request": {"method": method, "flow_type": "browser", "client": {"name": "", "version": ""}}}

_second(method) := {"request": {"method": method, "requested_aal": "aal2"}}

_strong := {"action": "allow", "reason": "strong_method", "second_step": "passed"}

_second_factor := {"action": "allow", "reason": "second_factor", "second_step": "passed"}

_not_supported := {"action": "refuse", "reason": "method_not_supported"}

_method_cases := {
	"the password is asked": {"change": _method("password"), "outcome": _code_required},
	"a method without a name is none that is known": {
		"change": _method(""),
		"outcome": {"action": "refuse", "reason": "method_not_supported"},
	},
	"an OpenID Connect provider is asked": {"change": _method("oidc"), "outcome": _code_required},
	"an OpenID Connect provider is not asked on a remembered device": {
		"change": {"request": {"method": "oidc"}, "device": _device(0)},
		"outcome": {"action": "allow", "reason": "device_remembered", "second_step": "remembered"},
	},
	"a code that Kratos mailed is not followed by another, and is no second step": {
		"change": _method("code"),
		"outcome": {"action": "allow", "reason": "mailed_code"},
	},
	"a passkey is stronger than a code, and a second step": {"change": _method("passkey"), "outcome": _strong},
	"a passkey is one in a session that is refreshed, too": {
		"change": {"request": {"method": "passkey", "refresh": true}},
		"outcome": _strong,
	},
	"a security key without a password is stronger than a code": {"change": _method("webauthn"), "outcome": _strong},
	"a security key alone does not refresh a session": {
		"change": {"request": {"method": "webauthn", "refresh": true}},
		"outcome": _not_supported,
	},
	"an authenticator app completes a session": {"change": _second("totp"), "outcome": _second_factor},
	"a recovery code completes a session": {"change": _second("lookup_secret"), "outcome": _second_factor},
	"a security key completes a session": {"change": _second("webauthn"), "outcome": _second_factor},
	"a security key completes a session that is refreshed": {
		"change": {"request": {"method": "webauthn", "requested_aal": "aal2", "refresh": true}},
		"outcome": _second_factor,
	},
	"a second factor alone is no sign-in": {"change": {"request": {"method": "totp"}}, "outcome": _not_supported},
	"a code that Kratos mailed as a second factor is none": {
		"change": _second("code"),
		"outcome": {"action": "allow", "reason": "mailed_code"},
	},
	"the password is no second factor, whatever was requested": {"change": _second("password"), "outcome": _code_required},
	"a provider is no second factor, whatever was requested": {"change": _second("oidc"), "outcome": _code_required},
	"a method that is not listed is refused": {"change": _method("saml"), "outcome": _not_supported},
	"a method that is not listed is refused as a second factor": {"change": _second("saml"), "outcome": _not_supported},
	"that Kratos names no method refuses": {"change": _method("unknown"), "outcome": _not_supported},
	"a method in other letters is not listed": {"change": _method("Passkey"), "outcome": _not_supported},
	"a method that is not listed is let in while nobody is asked": {
		"change": {"request": {"method": "saml"}, "settings": {"two_factor": false}},
		"outcome": {"action": "allow", "reason": "two_factor_off"},
	},
	"a method that is not listed is let in where the account's flag is off": {
		"change": {"request": {"method": "saml"}, "account": {"two_factor": false}},
		"outcome": {"action": "allow", "reason": "account_off", "forget_devices": true},
	},
	"a method that is not listed is refused on a remembered device, too": {
		"change": {"request": {"method": "saml"}, "device": _device(0)},
		"outcome": _not_supported,
	},
	"a passkey is a second step also while nobody is asked for one": {
		"change": {"request": {"method": "passkey"}, "settings": {"two_factor": false}},
		"outcome": {"action": "allow", "reason": "strong_method", "second_step": "passed"},
	},
	"a passkey of a locked account is refused": {
		"change": {"request": {"method": "passkey"}, "account": {"locked": true}},
		"outcome": {"action": "refuse", "reason": "account_locked", "state": "sign_in_again"},
	},
	"a passkey of an account whose password has expired is refused": {
		"change": {"request": {"method": "passkey"}, "account": {"password_expired": true}},
		"outcome": {"action": "refuse", "reason": "password_expired", "state": "sign_in_again"},
	},
	"how old a softphone is does not matter to a second factor": {
		"change": {"request": {
			"method": "totp",
			"requested_aal": "aal2",
			"client": {"name": "softphone", "version": "1.0.0"},
		}},
		"outcome": _second_factor,
	},
	"how old a softphone is does not matter where no code is asked": {
		"change": {"request": {"method": "code", "client": {"name": "softphone", "version": "1.0.0"}}},
		"outcome": {"action": "allow", "reason": "mailed_code"},
	},
	"a softphone that is too old is refused with a provider": {
		"change": {"request": {"method": "oidc", "client": {"name": "softphone", "version": "1.0.0"}}},
		"outcome": _too_old,
	},
}

test_methods[name] if {
	some name, tc in _method_cases
	got := login.decision with input as _with(tc.change)
		with data.parameters as parameters.shipped
		with data.custom as {}
	object.remove(_outcome(got), {"message"}) == tc.outcome
}

test_a_sign_in_of_which_no_method_is_said_was_with_the_password if {
	got := login.decision with input as json.remove(_asked, ["request/method"])
		with data.parameters as parameters.shipped
		with data.custom as {}
	_outcome(got) == _code_required
}

test_that_nothing_is_said_of_a_refresh_makes_no_security_key_count if {
	got := login.decision with input as json.remove(_with(_method("webauthn")), ["request/refresh"])
		with data.parameters as parameters.shipped
		with data.custom as {}
	got.reason == "method_not_supported"
}

test_whoever_is_refused_reads_what_to_do[locale] if {
	some locale, says in {"en": "another way", "ja": "別の方法"}
	got := login.decision with input as _with(_method("saml"))
		with data.parameters as parameters.shipped
		with data.custom as {}
	contains(got.message[locale], says)
}

# Changes of the parameter "methods" and their effects.
_method_parameters := {
	"a provider may be taken for strong": {"method": "oidc", "as": "strong", "outcome": _strong},
	"a passkey may be refused": {"method": "passkey", "as": "refused", "outcome": _not_supported},
	"a passkey cannot be asked": {"method": "passkey", "as": "asked", "outcome": _not_supported},
	"a code that Kratos mailed cannot be asked": {"method": "code", "as": "asked", "outcome": _not_supported},
	"a word that there is not refuses": {"method": "oidc", "as": "trusted", "outcome": _not_supported},
	"a method of a later Kratos may be listed": {"method": "saml", "as": "asked", "outcome": _code_required},
}

test_methods_can_be_taken_for_something_else[name] if {
	some name, tc in _method_parameters
	got := login.decision with input as _with({"request": {"method": tc.method}})
		with data.parameters as parameters.but({"methods": object.union(parameters.shipped.methods, {tc.method: tc.as})})
		with data.custom as {}
	object.remove(_outcome(got), {"message"}) == tc.outcome
}

test_without_a_list_of_methods_nobody_gets_in if {
	got := login.decision with input as _with(_method("password"))
		with data.parameters as parameters.but({"methods": {}})
		with data.custom as {}
	got.reason == "method_not_supported"
}

# Custom rules, as in the package custom.login.
_refuse := {"refuse": {{"reason": "closed", "message": "We are closed."}}}

_challenge := {"challenge": {{"reason": "odd", "code": {"length": 8}, "remember_days": 0}}}

_allow := {"allow": {{"reason": "office"}}}

_may_allow := {"custom_may_allow": true}

_custom_cases := {
	"a rule of one's own refuses": {
		"custom": _refuse,
		"outcome": {"action": "refuse", "reason": "closed", "message": "We are closed."},
	},
	"a rule of one's own refuses while two-step verification is off": {
		"custom": _refuse,
		"change": {"settings": {"two_factor": false}},
		"outcome": {"action": "refuse", "reason": "closed", "message": "We are closed."},
	},
	"an account with its flag off is forgotten where it was remembered, also where it is refused": {
		"custom": _refuse,
		"change": {"account": {"two_factor": false}},
		"outcome": {"action": "refuse", "reason": "closed", "message": "We are closed.", "forget_devices": true},
	},
	"that the account is locked comes before a rule of one's own that refuses": {
		"custom": _refuse,
		"change": {"account": {"locked": true}},
		"outcome": {"action": "refuse", "reason": "account_locked", "state": "sign_in_again"},
	},
	"of rules of one's own, one that refuses comes first": {
		"custom": object.union_n([_refuse, _challenge, _allow]),
		"parameters": _may_allow,
		"outcome": {"action": "refuse", "reason": "closed", "message": "We are closed."},
	},
	"of two rules of one's own that refuse, the first in order counts": {
		"custom": {"refuse": {{"reason": "b"}, {"reason": "a"}}},
		"outcome": {"action": "refuse", "reason": "a"},
	},
	"a rule of one's own that refuses does not say that it lets in": {
		"custom": {"refuse": {{"action": "allow", "reason": "a"}}},
		"outcome": {"action": "refuse", "reason": "a"},
	},
	"a rule of one's own asks a code while two-step verification is off": {
		"custom": _challenge,
		"change": {"settings": {"two_factor": false}},
		"outcome": {"action": "challenge", "reason": "odd"},
	},
	"a rule of one's own asks a code of an account with its flag off": {
		"custom": _challenge,
		"change": {"account": {"two_factor": false}},
		"outcome": {"action": "challenge", "reason": "odd", "forget_devices": true},
	},
	"a rule of one's own asks a code on a remembered device": {
		"custom": _challenge,
		"change": {"device": _device(0)},
		"outcome": {"action": "challenge", "reason": "odd"},
	},
	"of rules of one's own, one that asks a code comes before one that lets in": {
		"custom": object.union(_challenge, _allow),
		"parameters": _may_allow,
		"outcome": {"action": "challenge", "reason": "odd"},
	},
	"a rule of one's own that asks a code does not say that it lets in": {
		"custom": {"challenge": {{"action": "allow", "reason": "odd"}}},
		"outcome": {"action": "challenge", "reason": "odd"},
	},
	"that the account is inactive comes before a rule of one's own that asks a code": {
		"custom": _challenge,
		"change": {"account": {"state": "inactive"}},
		"outcome": {"action": "refuse", "reason": "account_inactive", "state": "sign_in_again"},
	},
	"a code that cannot be sent refuses": {
		"custom": _challenge,
		"change": {"account": {"email": "", "has_email": false}},
		"outcome": {"action": "refuse", "reason": "no_email"},
	},
	"a code that the client cannot show refuses": {
		"custom": _challenge,
		"change": _version("3.4.9"),
		"outcome": _too_old,
	},
	"an account with its flag off is forgotten where it was remembered, also where the client cannot show the code": {
		"custom": _challenge,
		"change": object.union(_version("3.4.9"), {"account": {"two_factor": false}}),
		"outcome": object.union(_too_old, {"forget_devices": true}),
	},
	"a rule of one's own lets in, where such rules may": {
		"custom": _allow,
		"parameters": _may_allow,
		"outcome": {"action": "allow", "reason": "office"},
	},
	"a rule of one's own lets nobody in, as it ships": {
		"custom": _allow,
		"outcome": _code_required,
	},
	"a rule of one's own says nothing of what a session counts as": {
		"custom": {"allow": {{"reason": "office", "second_step": "remembered", "action": "challenge"}}},
		"parameters": _may_allow,
		"change": {"device": _device(30)},
		"outcome": {"action": "allow", "reason": "office"},
	},
	"a rule of one's own lets in nobody who is locked": {
		"custom": _allow,
		"parameters": _may_allow,
		"change": {"account": {"locked": true}},
		"outcome": {"action": "refuse", "reason": "account_locked", "state": "sign_in_again"},
	},
	"a rule of one's own lets in no client that is too old": {
		"custom": _allow,
		"parameters": _may_allow,
		"change": _version("3.4.9"),
		"outcome": _too_old,
	},
	"a rule of one's own lets in nobody without an address where such accounts are refused": {
		"custom": _allow,
		"parameters": object.union(_may_allow, {"no_email": "refuse"}),
		"change": {"account": {"email": "", "has_email": false}},
		"outcome": {"action": "refuse", "reason": "no_email"},
	},
	"a device that is remembered counts as one beside a rule of one's own": {
		"custom": _allow,
		"parameters": _may_allow,
		"change": {"device": _device(0)},
		"outcome": {"action": "allow", "reason": "device_remembered", "second_step": "remembered"},
	},
}

test_rules_of_ones_own[name] if {
	some name, tc in _custom_cases
	got := login.decision with input as _with(object.get(tc, "change", {}))
		with data.parameters as parameters.but(object.get(tc, "parameters", {}))
		with data.custom as {"login": tc.custom}
	_outcome(got) == tc.outcome
}

# A custom rule asks for a code, whatever the settings say.
_custom_method_cases := {
	"a provider is asked": {"change": _method("oidc"), "outcome": {"action": "challenge", "reason": "odd"}},
	"a passkey is more than what is asked": {"change": _method("passkey"), "outcome": _strong},
	"a second factor is more than what is asked": {"change": _second("totp"), "outcome": _second_factor},
	"a code that Kratos mailed is less, and another cannot be asked": {"change": _method("code"), "outcome": _not_supported},
	"a method that is not listed is refused": {"change": _method("saml"), "outcome": _not_supported},
	"a method that is not listed is refused where the account's flag is off": {
		"change": object.union(_method("saml"), {"account": {"two_factor": false}}),
		"outcome": object.union(_not_supported, {"forget_devices": true}),
	},
}

test_methods_beside_a_rule_of_ones_own[name] if {
	some name, tc in _custom_method_cases
	got := login.decision with input as _with(tc.change)
		with data.parameters as parameters.shipped
		with data.custom as {"login": _challenge}
	object.remove(_outcome(got), {"message"}) == tc.outcome
}

test_a_rule_of_ones_own_refuses_a_passkey_too if {
	got := login.decision with input as _with(_method("passkey"))
		with data.parameters as parameters.shipped
		with data.custom as {"login": _refuse}
	got.reason == "closed"
}

test_a_rule_of_ones_own_says_the_terms_of_its_code if {
	got := login.decision with input as _asked
		with data.parameters as parameters.shipped
		with data.custom as {"login": _challenge}
	got.code == object.union(parameters.shipped.code, {"length": 8})
	got.remember_days == 0
}

test_a_rule_of_ones_own_says_neither_the_channel_nor_the_limits if {
	got := login.decision with input as _asked
		with data.parameters as parameters.shipped
		with data.custom as {"login": {"challenge": {{"reason": "r", "channel": "admin_console", "limits": {"codes": 20}}}}}
	got.channel == "softphone"
	got.limits == parameters.shipped.limits
}
