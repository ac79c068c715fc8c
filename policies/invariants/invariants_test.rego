package nidan.invariants_test

import data.nidan.invariants.capabilities
import data.nidan.invariants.console
import data.nidan.invariants.login
import data.nidan.invariants.settings
import data.nidan.parameters_test as parameters

# Each decision in these tests is one that the rules beside it must never make.
_asked := {
	"settings": {"two_factor": true, "channels": {"admin_console": true, "softphone": true}, "remember": true, "remember_days": 30},
	"account": {
		"role": "owner", "has_email": true, "two_factor": true, "state": "active",
		"locked": false, "password_expired": false, "plan": "",
	},
	"request": {"method": "password"},
	"device": {"known": false},
	"session": {"known": true, "channel": "softphone", "second_step": "not_asked"},
}

_allowed := {"action": "allow", "channel": "softphone", "remember_days": 0}

test_login[name] if {
	some name, tc in {
		"a locked account gets in, or is sent a code": {"account": {"locked": true, "two_factor": false}},
		"an account whose password has expired gets in, or is sent a code": {"account": {"password_expired": true, "two_factor": false}},
		"an account that is not active gets in, or is sent a code": {"account": {"state": "inactive", "two_factor": false}},
		"an account that is asked gets in with the password alone": {},
	}
	{name} == login.never with input as object.union(_asked, tc)
		with data.nidan.login.decision as _allowed
		with data.parameters as parameters.shipped
		with data.custom as {}
}

_puts_itself := "a client puts itself on a channel that is exempt"

test_an_exempt_channel_takes_trusted_evidence[name] if {
	some name, tc in {
		"nobody vouches for it": {"request": {"headers": {}, "oauth2_client_id": ""}, "never": {_puts_itself}},
		"the header names another channel": {"request": {"headers": {"x-channel": "opencti"}, "oauth2_client_id": ""}, "never": {_puts_itself}},
		"the header names it": {"request": {"headers": {"x-channel": "mobile"}, "oauth2_client_id": ""}, "never": set()},
		"it is known as the OAuth2 client": {"request": {"headers": {}, "oauth2_client_id": "app"}, "never": set()},
	}
	tc.never == login.never with input as object.union(_asked, {"request": tc.request})
		with data.nidan.login.decision as {"action": "allow", "channel": "mobile", "remember_days": 0}
		with data.parameters as object.union(
			parameters.with_channels({"mobile": {"oauth2_clients": ["app"]}}),
			{"channel_header": "x-channel"},
		)
		with data.custom as {}
}

test_a_role_that_is_always_asked if {
	{"an account whose role is always asked gets in with the password alone"} == login.never with input as object.union(
		_asked,
		{"account": {"two_factor": false}},
	)
		with data.nidan.login.decision as _allowed
		with data.parameters as parameters.but({"always_asked_roles": ["owner"]})
		with data.custom as {}
}

test_a_method_that_is_not_known if {
	{"an account that is asked gets in by a method that is not known"} == login.never with input as object.union(
		_asked,
		{"request": {"method": "saml"}},
	)
		with data.nidan.login.decision as _allowed
		with data.parameters as parameters.shipped
		with data.custom as {}
}

test_two_steps_that_were_one[method] if {
	some method in ["password", "code"]
	{"a sign-in with the password, or with a code that Kratos mailed, counts as one with two steps"} == login.never with input as object.union(
		_asked,
		{"request": {"method": method}, "account": {"two_factor": false}},
	)
		with data.nidan.login.decision as object.union(_allowed, {"second_step": "passed"})
		with data.parameters as parameters.shipped
		with data.custom as {}
}

test_remembered_for_too_long if {
	{"a device may be remembered for longer than the console says"} == login.never with input as _asked
		with data.nidan.login.decision as {"action": "challenge", "channel": "softphone", "remember_days": 31}
		with data.parameters as parameters.shipped
		with data.custom as {}
	{"a device may be remembered though the console says that none may"} == login.never with input as object.union(
		_asked,
		{"settings": {"remember": false}},
	)
		with data.nidan.login.decision as {"action": "challenge", "channel": "softphone", "remember_days": 1}
		with data.parameters as parameters.shipped
		with data.custom as {}
}

test_as_it_should_be if {
	count(login.never) == 0 with input as _asked
		with data.nidan.login.decision as {"action": "challenge", "channel": "softphone", "remember_days": 30}
		with data.parameters as parameters.shipped
		with data.custom as {}
	count(capabilities.never) == 0 with input as _asked
		with data.nidan.capabilities.decision as {"capabilities": ["phonebook"], "reasons": {}}
		with data.parameters as parameters.shipped
		with data.custom as {}
	count(settings.never) == 0 with input as _asked
		with data.nidan.settings.decision as {"action": "refuse", "reason": "r"}
		with data.parameters as parameters.shipped
		with data.custom as {}
	count(console.never) == 0 with input as _visit({"settings": {"two_factor": true}})
		with data.nidan.console.decision as {"allow": false, "reason": "r"}
		with data.parameters as parameters.shipped
		with data.custom as {}
}

test_capabilities if {
	{"a locked account's session may do more than anybody's"} == capabilities.never with input as object.union(
		_asked,
		{"account": {"locked": true, "two_factor": false}},
	)
		with data.nidan.capabilities.decision as {"capabilities": ["agent"], "reasons": {}}
		with data.parameters as parameters.shipped
		with data.custom as {}
	without := "a session may do without a second step what a channel asks one for"
	elsewhere := "a session may do what a channel keeps to itself, with a second step on another one"
	{without, elsewhere} == capabilities.never with input as _asked
		with data.nidan.capabilities.decision as {"capabilities": ["phonebook", "console"], "reasons": {}}
		with data.parameters as parameters.shipped
		with data.custom as {}
	{without} == capabilities.never with input as _asked
		with data.nidan.capabilities.decision as {"capabilities": ["phonebook", "agent"], "reasons": {}}
		with data.parameters as parameters.shipped
		with data.custom as {}
	{elsewhere} == capabilities.never with input as object.union(_asked, {"session": {"second_step": "passed"}})
		with data.nidan.capabilities.decision as {"capabilities": ["phonebook", "agent", "console"], "reasons": {}}
		with data.parameters as parameters.shipped
		with data.custom as {}
}

test_a_plan_without_agent if {
	without_agent := object.union(_asked, {"account": {"plan": "business_phone"}})
	count(capabilities.never) == 0 with input as without_agent
		with data.nidan.capabilities.decision as {"capabilities": ["phonebook", "agent"], "reasons": {}}
		with data.parameters as parameters.shipped
		with data.custom as {}
	softphone_only := object.union(without_agent, {"settings": {"channels": {"admin_console": false}}})
	count(settings.never) == 0 with input as softphone_only
		with data.nidan.settings.decision as _allowed
		with data.parameters as parameters.shipped
		with data.custom as {}
	count(settings.never) == 1 with input as object.union(softphone_only, {"account": {"plan": ""}})
		with data.nidan.settings.decision as _allowed
		with data.parameters as parameters.shipped
		with data.custom as {}
}

test_settings if {
	{"a locked account gets a new password"} == settings.never with input as object.union(
		_asked,
		{"account": {"locked": true, "two_factor": false}},
	)
		with data.nidan.settings.decision as _allowed
		with data.parameters as parameters.shipped
		with data.custom as {}
	{"an account that is asked gets a new password in a session without a second step"} == settings.never with input as object.union(
		_asked,
		{"request": {"method": "password"}},
	)
		with data.nidan.settings.decision as _allowed
		with data.parameters as parameters.shipped
		with data.custom as {}
}

_factor := "an account that is asked gets a factor, a provider or another profile in a session without a second step"

test_a_factor[method] if {
	some method in ["profile", "totp", "webauthn", "passkey", "lookup_secret", "oidc", "any", "unknown"]
	_factor in settings.never with input as object.union(
		_asked,
		{"settings": {"admin_console": false}, "request": {"method": method}},
	)
		with data.nidan.settings.decision as _allowed
		with data.parameters as parameters.shipped
		with data.custom as {}
}

test_a_factor_that_may_be if {
	some change in [
		{"session": {"second_step": "passed"}},
		{"settings": {"admin_console": false}, "account": {"plan": "business_phone"}},
	]
	not _factor in settings.never with input as object.union(object.union(_asked, {"request": {"method": "totp"}}), change)
		with data.nidan.settings.decision as _allowed
		with data.parameters as parameters.shipped
		with data.custom as {}
}

test_console[name] if {
	some name, tc in {
		"a locked visitor may do something": {"visitor": {"locked": true}},
		"somebody who is no administrator changes the settings": {"visitor": {"role": "user"}, "target": {"role": "user"}},
		"somebody who is no administrator approves of policies": {"visitor": {"role": "supervisor"}, "action": "policies.approve"},
		"somebody changes anything but their own account's devices in a session that is not worth the console": {"session": {"console": false}},
		"somebody changes an owner without being one": {"target": {"role": "owner"}, "action": "account.switch_off"},
	}
	{name} == console.never with input as _visit(tc)
		with data.nidan.console.decision as {"allow": true, "reason": "r"}
		with data.parameters as parameters.shipped
		with data.custom as {}
}

_visit(tc) := object.union(
	{
		"visitor": {"role": "system_administrator", "locked": false},
		"session": {"console": true},
		"target": {"role": "user"},
		"action": "settings.change",
	},
	tc,
)

test_what_a_rule_of_ones_own_allows if {
	may := parameters.but({"custom_may_allow": true})
	count(login.never) == 0 with input as _asked
		with data.nidan.login.decision as _allowed
		with data.parameters as may
		with data.custom as {"login": {"allow": {{"reason": "office"}}}}
	count(login.never) == 1 with input as _asked
		with data.nidan.login.decision as _allowed
		with data.parameters as parameters.shipped
		with data.custom as {"login": {"allow": {{"reason": "office"}}}}
	may_console := {"capabilities": ["phonebook", "console"], "reasons": {}}
	count(capabilities.never) == 0 with input as _asked
		with data.nidan.capabilities.decision as may_console
		with data.parameters as may
		with data.custom as {"capabilities": {"allow": {{"capability": "console", "reason": "office"}}}}
	count(capabilities.never) == 2 with input as _asked
		with data.nidan.capabilities.decision as may_console
		with data.parameters as may
		with data.custom as {"capabilities": {"allow": {{"capability": "agent", "reason": "office"}}}}
}

test_a_role_that_must_not_use_mail[name] if {
	some name, decided in {
		"an account whose role must not use mail is challenged by mail": {"action": "challenge"},
		"an account is let in on a remembered device, though its role must not use mail": {"action": "allow", "second_step": "remembered"},
	}
	asked := object.union(_asked, {"today": "2027-01-01", "account": {"two_factor": false}})
	{name} == login.never with input as asked
		with data.nidan.login.decision as object.union({"channel": "softphone", "remember_days": 0}, decided)
		with data.parameters as parameters.but({"second_step_by_of_role": {"owner": {"by": ["aal2"], "from": "2027-01-01"}}})
		with data.custom as {}
}

test_a_code_for_enrolment_is_no_challenge_by_mail if {
	asked := object.union(_asked, {"today": "2027-01-01"})
	count(login.never) == 0 with input as asked
		with data.nidan.login.decision as {
			"action": "challenge",
			"channel": "softphone",
			"remember_days": 0,
			"second_step": "enrol_only",
		}
		with data.parameters as parameters.but({"second_step_by_of_role": {"owner": {"by": ["aal2"], "from": "2027-01-01"}}})
		with data.custom as {}
}

test_a_role_that_may_use_mail_until_a_day if {
	every decided in [{"action": "challenge"}, {"action": "challenge", "second_step_by": ["email"]}] {
		count(login.never) == 0 with input as object.union(_asked, {"today": "2026-12-31"})
			with data.nidan.login.decision as object.union({"channel": "softphone", "remember_days": 0}, decided)
			with data.parameters as parameters.but({"second_step_by_of_role": {"owner": {"by": ["aal2"], "from": "2027-01-01"}}})
			with data.custom as {}
	}
}

test_a_session_that_waits_for_a_factor[second_step] if {
	some second_step in ["aal2_needed", "enrol_only"]
	asked := object.union(_asked, {"session": {"second_step": second_step, "aal": "aal1"}, "settings": {"two_factor": false}})
	{"a session that waits for a factor is worth something"} == capabilities.never with input as asked
		with data.nidan.capabilities.decision as {"capabilities": ["enrol", "phonebook"], "reasons": {}}
		with data.parameters as parameters.shipped
		with data.custom as {}
	count(capabilities.never) == 0 with input as asked
		with data.nidan.capabilities.decision as {"capabilities": ["enrol"], "reasons": {}}
		with data.parameters as parameters.shipped
		with data.custom as {}
	{"somebody does something in a session that waits for a factor"} == console.never with input as _visit({
		"session": {"second_step": second_step, "aal": "aal1"},
		"action": "self.view",
	})
		with data.nidan.console.decision as {"allow": true, "reason": "r"}
		with data.parameters as parameters.shipped
		with data.custom as {}
}

test_an_oauth2_client if {
	asked := object.union(_asked, {"request": {"oauth2_client_id": "crm"}})
	by_aal2 := {"action": "challenge", "channel": "softphone", "remember_days": 0, "second_step_by": ["aal2"]}
	{"an OAuth2 client is let in for a factor that Kratos does not wait for"} == login.never with input as asked
		with data.nidan.login.decision as by_aal2
		with data.parameters as parameters.shipped
		with data.custom as {}
	count(login.never) == 0 with input as asked
		with data.nidan.login.decision as by_aal2
		with data.parameters as parameters.but({"kratos_waits_for_aal2": true})
		with data.custom as {}
}

_waited := object.union(_asked, {"session": {"second_step": "aal2_needed", "aal": "aal2"}, "request": {"method": "password"}})

_enrolling(method) := object.union(_asked, {"session": {"second_step": "enrol_only", "aal": "aal1"}, "request": {"method": method}})

test_with_a_factor_of_kratos_a_session_may if {
	everything := {"capabilities": ["phonebook", "agent", "console"], "reasons": {}}
	count(capabilities.never) == 0 with input as _waited
		with data.nidan.capabilities.decision as everything
		with data.parameters as parameters.shipped
		with data.custom as {}
	count(settings.never) == 0 with input as _waited
		with data.nidan.settings.decision as _allowed
		with data.parameters as parameters.shipped
		with data.custom as {}
}

# Kratos says aal2 as soon as a factor is enrolled in a session.
test_a_factor_that_was_enrolled_is_none_that_was_shown if {
	raised := object.union(_asked, {"session": {"second_step": "not_asked", "aal": "aal2"}})
	count(capabilities.never) == 2 with input as raised
		with data.nidan.capabilities.decision as {"capabilities": ["phonebook", "agent", "console"], "reasons": {}}
		with data.parameters as parameters.shipped
		with data.custom as {}
	count(settings.never) == 1 with input as object.union(raised, {"request": {"method": "password"}})
		with data.nidan.settings.decision as _allowed
		with data.parameters as parameters.shipped
		with data.custom as {}
}

test_a_session_for_enrolment_enrols[method] if {
	some method in ["totp", "webauthn", "any"]
	count(settings.never) == 0 with input as _enrolling(method)
		with data.nidan.settings.decision as _allowed
		with data.parameters as parameters.shipped
		with data.custom as {}
}

test_a_session_for_enrolment_does_nothing_else[method] if {
	some method in ["password", "passkey", "oidc", "profile", "lookup_secret"]
	count(settings.never) > 0 with input as _enrolling(method)
		with data.nidan.settings.decision as _allowed
		with data.parameters as parameters.shipped
		with data.custom as {}
}
