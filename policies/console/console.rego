# METADATA
# title: The administrators' console
# description: |
#   Who may see or change what. The rules are tried from top to bottom, and the first that holds decides. If none holds, the action is
#   refused. A missing fact never makes a rule hold that allows something, because a refusal that needs the fact comes before. Custom
#   rules belong into the package custom.console. None ship.
# schemas:
#   - input: schema.console
package nidan.console

import data.custom.console as custom

# METADATA
# title: Decision
# description: Whether the visitor may do the action, and why or why not.
# entrypoint: true
default decision := {"allow": false, "reason": "unknown_action"}

decision := {"allow": false, "reason": "account_locked"} if {
	not input.visitor.locked == false
} else := {"allow": false, "reason": "password_expired"} if {
	not input.visitor.password_expired == false
} else := {"allow": false, "reason": "account_inactive"} if {
	not input.visitor.state == "active"
} else := object.union(refusals[0], {"allow": false}) if {
	refusals := [refusal | some refusal in custom.refuse]
} else := {"allow": false, "reason": "aal2_needed"} if {
	# The session waits for a factor of Kratos, and may do nothing until then.
	input.session.second_step == "aal2_needed"
	not input.session.aal == "aal2"
} else := {"allow": false, "reason": "second_factor_needed"} if {
	# The session is for enrolling such a factor only.
	input.session.second_step == "enrol_only"
} else := {"allow": true, "reason": "own_account"} if {
	input.action in _everybody_may
} else := {"allow": false, "reason": "role_may_not"} if {
	not _administrator
	not _custom_view
} else := {"allow": false, "reason": "sign_in_again"} if {
	not input.session.console == true
} else := {"allow": false, "reason": "unknown_account"} if {
	startswith(input.action, "account.")
	not input.target.id
} else := {"allow": true, "reason": _custom_view} if {
	not _administrator
} else := {"allow": false, "reason": "higher_role"} if {
	input.action in _changes_to_accounts
	not _as_high_as_target
} else := {"allow": false, "reason": "two_step_not_set_up"} if {
	input.action in _switches
	not input.settings.two_factor == true
} else := {"allow": false, "reason": "no_email"} if {
	input.action in _switches_on
	not _account.has_email == true
} else := {"allow": true, "reason": "own_account"} if {
	input.action in _own_switches
} else := {"allow": true, "reason": "administrator"} if {
	input.action in _administrators_may
}

# Every signed-in person may do these, with any role and in any session. A thief who knows only the password can use them to make
# sign-ins ask for more, never for less.
_everybody_may := {"self.view", "self.forget_devices"}

_administrators_may := ({"settings.change", "records.export", "policies.approve"} | _views) | _changes_to_accounts

_views := {
	"settings.view",
	"accounts.view",
	"account.view",
	"overview.view",
	"records.view",
	"policies.view",
}

_changes_to_accounts := {
	"account.switch_on",
	"account.switch_off",
	"account.forget_devices",
	"account.clear_wrong_codes",
}

_own_switches := {"self.switch_on", "self.switch_off"}

_switches := {"account.switch_on", "account.switch_off"} | _own_switches

_switches_on := {"account.switch_on", "self.switch_on"}

# The account whose flag is switched.
_account := input.target if startswith(input.action, "account.")

_account := input.visitor if startswith(input.action, "self.")

# The position of a role in the list. A role that is not in the list has no value. A person with such a role is no administrator, and
# nobody can change an account with such a role.
_steps_down[role] := n if some n, role in data.parameters.roles

_administrator if _steps_down[input.visitor.role] <= _steps_down[data.parameters.console_role]

_as_high_as_target if _steps_down[input.visitor.role] <= _steps_down[input.target.role]

# METADATA
# title: A rule of a team's own shows something of the console to those who are no administrators
# description: The reason of the rule. The visitor may see it, and change nothing.
_custom_view := reasons[0] if {
	data.parameters.custom_may_allow == true
	input.action in _views
	reasons := [allowance.reason | some allowance in custom.allow]
}
