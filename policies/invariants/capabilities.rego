# METADATA
# title: What must never be of a session
# description: Each rule says what must never be. It is proven for all sessions that there can be.
# schemas:
#   - input: schema.capabilities
package nidan.invariants.capabilities

import data.nidan.capabilities.decision

# METADATA
# title: "A locked account's session may do more than anybody's"
# description: "A session from before the account was locked is worth no more than none."
never contains "a locked account's session may do more than anybody's" if {
	input.account.locked
	_more_than_anybody
}

# METADATA
# title: "A session may use the console without a second step, though the console asks for one"
# description: "Else whoever knows the password opens the console by way of a channel that asks for no code."
never contains "a session may use the console without a second step, though the console asks for one" if {
	input.settings.two_factor
	input.settings.admin_console
	input.account.two_factor
	input.account.has_email
	not input.session.second_step in {"passed", "remembered"}
	not input.session.aal == "aal2"
	"console" in decision.capabilities
	not _custom_allows_console
}

# METADATA
# title: "A session that waits for a factor is worth something"
# description: "It was let in without a code, for Kratos to ask for the factor. One that was let in to enrol a factor may enrol, and nothing else."
never contains "a session that waits for a factor is worth something" if {
	input.session.second_step in {"aal2_needed", "enrol_only"}
	not input.session.aal == "aal2"
	some capability in decision.capabilities
	capability != "enrol"
}

_more_than_anybody if {
	some capability in decision.capabilities
	not capability in data.parameters.capabilities_without_second_step
}

# A rule of the team's own gives it, and such rules may.
_custom_allows_console if {
	data.parameters.custom_may_allow == true
	some allowance in data.custom.capabilities.allow
	allowance.capability == "console"
}
