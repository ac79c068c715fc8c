package nidan.invariants_test

import data.nidan.invariants.capabilities
import data.nidan.invariants.console
import data.nidan.invariants.login
import data.nidan.invariants.settings
import data.nidan.parameters_test as parameters

# Each decision here is one that the rules beside it must never make.
_asked := {
	"settings": {"two_factor": true, "admin_console": true, "softphone": true, "remember": true, "remember_days": 30},
	"account": {
		"role": "owner", "has_email": true, "two_factor": true, "state": "active",
		"locked": false, "password_expired": false, "plan": "",
	},
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

test_a_role_that_is_always_asked if {
	{"an account whose role is always asked gets in with the password alone"} == login.never with input as object.union(
		_asked,
		{"account": {"two_factor": false}},
	)
		with data.nidan.login.decision as _allowed
		with data.parameters as parameters.but({"always_asked_roles": ["owner"]})
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
		{"account": {"locked": true}},
	)
		with data.nidan.capabilities.decision as {"capabilities": ["agent"], "reasons": {}}
		with data.parameters as parameters.shipped
		with data.custom as {}
	{"a session may use the console without a second step, though the console asks for one"} == capabilities.never with input as _asked
		with data.nidan.capabilities.decision as {"capabilities": ["phonebook", "console"], "reasons": {}}
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
	{"an account that is asked gets a new password in a session without a second step"} == settings.never with input as _asked
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
	count(capabilities.never) == 1 with input as _asked
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
