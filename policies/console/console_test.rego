package nidan.console_test

import data.nidan.console
import data.nidan.parameters_test as parameters

# Who may do what. An action that is not in the console is refused.
_table := {
	# action: [an administrator, an administrator without the capability console, everybody else]
	"settings.view": ["administrator", "sign_in_again", "role_may_not"],
	"settings.change": ["administrator", "sign_in_again", "role_may_not"],
	"accounts.view": ["administrator", "sign_in_again", "role_may_not"],
	"account.view": ["administrator", "sign_in_again", "role_may_not"],
	"account.switch_on": ["administrator", "sign_in_again", "role_may_not"],
	"account.switch_off": ["administrator", "sign_in_again", "role_may_not"],
	"account.forget_devices": ["administrator", "sign_in_again", "role_may_not"],
	"account.clear_wrong_codes": ["administrator", "sign_in_again", "role_may_not"],
	"overview.view": ["administrator", "sign_in_again", "role_may_not"],
	"records.view": ["administrator", "sign_in_again", "role_may_not"],
	"records.export": ["administrator", "sign_in_again", "role_may_not"],
	"policies.view": ["administrator", "sign_in_again", "role_may_not"],
	"policies.approve": ["administrator", "sign_in_again", "role_may_not"],
	"self.view": ["own_account", "own_account", "own_account"],
	"self.forget_devices": ["own_account", "own_account", "own_account"],
	"self.switch_on": ["own_account", "sign_in_again", "role_may_not"],
	"self.switch_off": ["own_account", "sign_in_again", "role_may_not"],
	"settings.delete": ["unknown_action", "sign_in_again", "role_may_not"],
	"account.delete": ["unknown_action", "sign_in_again", "role_may_not"],
	"self.delete": ["unknown_action", "sign_in_again", "role_may_not"],
	"": ["unknown_action", "sign_in_again", "role_may_not"],
}

_administrators := {"owner", "system_administrator"}

_others := {"supervisor", "user", "Owner", "root", ""}

_decision(reason) := {"allow": reason in {"administrator", "own_account"}, "reason": reason}

test_what_administrators_may[action][role] if {
	some action, [reason, _, _] in _table
	some role in _administrators
	got := console.decision with input as _with({"action": action, "visitor": {"role": role}})
		with data.parameters as parameters.shipped
		with data.custom as {}
	got == _decision(reason)
}

test_what_administrators_may_without_the_consoles_code[action][role] if {
	some action, [_, reason, _] in _table
	some role in _administrators
	change := {"action": action, "visitor": {"role": role}, "session": {"console": false}}
	got := console.decision with input as _with(change)
		with data.parameters as parameters.shipped
		with data.custom as {}
	got == _decision(reason)
}

test_what_everybody_else_may[action][role] if {
	some action, [_, _, reason] in _table
	some role in _others
	got := console.decision with input as _with({"action": action, "visitor": {"role": role}})
		with data.parameters as parameters.shipped
		with data.custom as {}
	got == _decision(reason)
}

test_what_everybody_else_may_without_the_consoles_code[action][role] if {
	some action, [_, _, reason] in _table
	some role in _others
	change := {"action": action, "visitor": {"role": role}, "session": {"console": false}}
	got := console.decision with input as _with(change)
		with data.parameters as parameters.shipped
		with data.custom as {}
	got == _decision(reason)
}

# By the visitor's role, the roles of accounts that the visitor may change.
_changed_by := {
	"owner": {"owner", "system_administrator", "supervisor", "user"},
	"system_administrator": {"system_administrator", "supervisor", "user"},
}

_changes := {"account.switch_on", "account.switch_off", "account.forget_devices", "account.clear_wrong_codes"}

test_nobody_changes_an_account_of_a_higher_role[visitor][target][action] if {
	some visitor, changed in _changed_by
	some target in {"owner", "system_administrator", "supervisor", "user", "root", ""}
	some action in _changes
	change := {"action": action, "visitor": {"role": visitor}, "target": {"role": target}}
	got := console.decision with input as _with(change)
		with data.parameters as parameters.shipped
		with data.custom as {}
	got == _decision({true: "administrator", false: "higher_role"}[target in changed])
}

# A system administrator, and an account with the flag on.
_cases := {
	"a system administrator may see the account of an owner": {
		"change": {"action": "account.view", "target": {"role": "owner"}},
		"reason": "administrator",
	},
	"nobody is switched on who has no address": {
		"change": {"action": "account.switch_on", "target": {"has_email": false}},
		"reason": "no_email",
	},
	"one without an address may be switched off": {
		"change": {"action": "account.switch_off", "target": {"has_email": false}},
		"reason": "administrator",
	},
	"nobody switches on oneself without an address": {
		"change": {"action": "self.switch_on", "visitor": {"has_email": false}},
		"reason": "no_email",
	},
	"one may switch off oneself without an address": {
		"change": {"action": "self.switch_off", "visitor": {"has_email": false}},
		"reason": "own_account",
	},
	"the visitor's lack of an address is nothing to another's switch": {
		"change": {"action": "account.switch_on", "visitor": {"has_email": false}},
		"reason": "administrator",
	},
	"the target's lack of an address is nothing to one's own switch": {
		"change": {"action": "self.switch_on", "target": {"has_email": false}},
		"reason": "own_account",
	},
	"nobody is switched on before two-step verification is set up": {
		"change": {"action": "account.switch_on", "settings": {"two_factor": false}},
		"reason": "two_step_not_set_up",
	},
	"nobody is switched off before two-step verification is set up": {
		"change": {"action": "account.switch_off", "settings": {"two_factor": false}},
		"reason": "two_step_not_set_up",
	},
	"nor oneself, on": {
		"change": {"action": "self.switch_on", "settings": {"two_factor": false}},
		"reason": "two_step_not_set_up",
	},
	"nor oneself, off": {
		"change": {"action": "self.switch_off", "settings": {"two_factor": false}},
		"reason": "two_step_not_set_up",
	},
	"that it is not set up comes before the address": {
		"change": {
			"action": "account.switch_on",
			"settings": {"two_factor": false},
			"target": {"has_email": false},
		},
		"reason": "two_step_not_set_up",
	},
	"that the role is higher comes before that it is not set up": {
		"change": {"action": "account.switch_off", "settings": {"two_factor": false}, "target": {"role": "owner"}},
		"reason": "higher_role",
	},
	"devices are forgotten while two-step verification is off, too": {
		"change": {"action": "account.forget_devices", "settings": {"two_factor": false}},
		"reason": "administrator",
	},
	"two-step verification is set up while it is off": {
		"change": {"action": "settings.change", "settings": {"two_factor": false}},
		"reason": "administrator",
	},
	"who is locked may not even see the own account": {
		"change": {"action": "self.view", "visitor": {"locked": true}},
		"reason": "account_locked",
	},
	"who is locked changes nothing": {
		"change": {"action": "settings.change", "visitor": {"locked": true}},
		"reason": "account_locked",
	},
	"nor does one whose password has expired": {
		"change": {"action": "settings.change", "visitor": {"password_expired": true}},
		"reason": "password_expired",
	},
	"nor one who is inactive": {
		"change": {"action": "settings.change", "visitor": {"state": "inactive"}},
		"reason": "account_inactive",
	},
	"an account that is locked may be changed": {
		"change": {"action": "account.clear_wrong_codes", "target": {"locked": true, "state": "inactive"}},
		"reason": "administrator",
	},
}

test_reason[name] if {
	some name, tc in _cases
	got := console.decision with input as _with(tc.change)
		with data.parameters as parameters.shipped
		with data.custom as {}
	got == _decision(tc.reason)
}

test_an_action_on_an_account_needs_one[action] if {
	some action in (_changes | {"account.view"})
	got := console.decision with input as json.remove(_with({"action": action}), ["target"])
		with data.parameters as parameters.shipped
		with data.custom as {}
	got == _decision("unknown_account")
}

# A missing fact allows nothing.
test_missing_facts_allow_nothing[path] if {
	some path in {
		"action",
		"visitor",
		"visitor/role",
		"visitor/locked",
		"visitor/password_expired",
		"visitor/state",
		"session",
		"session/console",
		"settings",
		"settings/two_factor",
		"target",
		"target/role",
		"target/has_email",
	}
	got := console.decision with input as json.remove(_with({"action": "account.switch_on"}), [path])
		with data.parameters as parameters.shipped
		with data.custom as {}
	not got.allow
}

test_nothing_known_allows_nothing if {
	got := console.decision with input as {}
		with data.parameters as parameters.shipped
		with data.custom as {}
	not got.allow
}

# By the lowest role of an administrator, the reason that each role gets.
_console_roles := {
	"owner": {"owner": "administrator", "system_administrator": "role_may_not"},
	"supervisor": {"supervisor": "administrator", "user": "role_may_not"},
	"nonsense": {"owner": "role_may_not", "": "role_may_not", "nonsense": "role_may_not"},
	"": {"owner": "role_may_not", "": "role_may_not"},
}

test_console_role[console_role][role] if {
	some console_role, told in _console_roles
	some role, reason in told
	got := console.decision with input as _with({"action": "settings.change", "visitor": {"role": role}})
		with data.parameters as parameters.but({"console_role": console_role})
		with data.custom as {}
	got == _decision(reason)
}

test_without_a_list_of_roles_nobody_is_an_administrator if {
	got := console.decision with input as _with({"action": "settings.view", "visitor": {"role": "owner"}})
		with data.parameters as parameters.but({"roles": null})
		with data.custom as {}
	got == _decision("role_may_not")
}

# A system administrator in the console asks about a user. Each case changes some of these facts.
_input := {
	"now": "2026-04-01T09:00:00Z",
	"settings": {"two_factor": true, "admin_console": true, "softphone": true, "remember": true, "remember_days": 30},
	"visitor": _account("1", "system_administrator"),
	"session": {"console": true},
	"target": _account("2", "user"),
}

_account(id, role) := {
	"id": id,
	"name": role,
	"role": role,
	"email": "somebody@example.com",
	"has_email": true,
	"two_factor": true,
	"state": "active",
	"locked": false,
	"password_expired": false,
	"plan": "",
}

_with(change) := object.union(_input, change)

# Custom rules, as in the package custom.console.
_refuse := {"refuse": {{"reason": "b"}, {"reason": "a"}}}

_show := {"allow": {{"reason": "auditor"}}}

_custom_cases := {
	"a rule of one's own refuses an administrator": {
		"custom": _refuse,
		"decision": {"allow": false, "reason": "a"},
	},
	"a rule of one's own refuses the own account": {
		"custom": _refuse,
		"change": {"action": "self.view"},
		"decision": {"allow": false, "reason": "a"},
	},
	"a rule of one's own does not say that it allows where it refuses": {
		"custom": {"refuse": {{"reason": "a", "allow": true}}},
		"decision": {"allow": false, "reason": "a"},
	},
	"of rules of one's own, one that refuses comes first": {
		"custom": object.union(_refuse, _show),
		"parameters": {"custom_may_allow": true},
		"change": {"action": "records.view", "visitor": {"role": "user"}},
		"decision": {"allow": false, "reason": "a"},
	},
	"that the visitor is locked comes before a rule of one's own": {
		"custom": _refuse,
		"change": {"visitor": {"locked": true}},
		"decision": {"allow": false, "reason": "account_locked"},
	},
	"a rule of one's own shows something to somebody who is no administrator, where such rules may": {
		"custom": _show,
		"parameters": {"custom_may_allow": true},
		"change": {"action": "records.view", "visitor": {"role": "user"}},
		"decision": {"allow": true, "reason": "auditor"},
	},
	"a rule of one's own shows nothing, as it ships": {
		"custom": _show,
		"change": {"action": "records.view", "visitor": {"role": "user"}},
		"decision": {"allow": false, "reason": "role_may_not"},
	},
	"a rule of one's own shows nothing in a session that is not worth the console": {
		"custom": _show,
		"parameters": {"custom_may_allow": true},
		"change": {"action": "records.view", "visitor": {"role": "user"}, "session": {"console": false}},
		"decision": {"allow": false, "reason": "sign_in_again"},
	},
	"a rule of one's own shows nothing to a visitor who is locked": {
		"custom": _show,
		"parameters": {"custom_may_allow": true},
		"change": {"action": "records.view", "visitor": {"role": "user", "locked": true}},
		"decision": {"allow": false, "reason": "account_locked"},
	},
	"a rule of one's own says nothing of administrators": {
		"custom": _show,
		"parameters": {"custom_may_allow": true},
		"decision": {"allow": true, "reason": "administrator"},
	},
}

test_rules_of_ones_own[name] if {
	some name, tc in _custom_cases
	got := console.decision with input as _with(object.union({"action": "settings.view"}, object.get(tc, "change", {})))
		with data.parameters as parameters.but(object.get(tc, "parameters", {}))
		with data.custom as {"console": tc.custom}
	got == tc.decision
}

test_a_rule_of_ones_own_lets_nobody_change_anything[action] if {
	some action in {"settings.change", "policies.approve", "records.export", "account.switch_off", "account.forget_devices", "self.switch_off"}
	got := console.decision with input as _with({"action": action, "visitor": {"role": "user"}})
		with data.parameters as parameters.but({"custom_may_allow": true})
		with data.custom as {"console": _show}
	got == {"allow": false, "reason": "role_may_not"}
}

_waiting := {"aal2_needed": "aal2_needed", "enrol_only": "second_factor_needed"}

test_a_session_that_waits_for_a_factor_may_nothing[step][action] if {
	some step, reason in _waiting
	some action in ["self.view", "self.forget_devices", "settings.view", "settings.change"]
	change := {"action": action, "session": {"console": true, "second_step": step, "aal": "aal1"}}
	got := console.decision with input as _with(change)
		with data.parameters as parameters.shipped
		with data.custom as {}
	got == {"allow": false, "reason": reason}
}

test_with_the_factor_it_may if {
	change := {"action": "settings.change", "session": {"console": true, "second_step": "aal2_needed", "aal": "aal2"}}
	got := console.decision with input as _with(change)
		with data.parameters as parameters.shipped
		with data.custom as {}
	got == {"allow": true, "reason": "administrator"}
}
