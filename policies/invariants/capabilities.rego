# METADATA
# title: What must never be of a session
# description: Each rule says what must never happen. A proof covers all possible sessions.
# schemas:
#   - input: schema.capabilities
package nidan.invariants.capabilities

import data.nidan.capabilities.decision

# METADATA
# title: "A locked account's session may do more than anybody's"
# description: "A session from before the account was locked may do no more than a session without a record."
never contains "a locked account's session may do more than anybody's" if {
	input.account.locked
	_more_than_anybody
}

# METADATA
# title: "A session may do without a second step what a channel asks one for"
# description: "Otherwise, a thief who knows the password could use a channel that asks for no code."
never contains "a session may do without a second step what a channel asks one for" if {
	some id, channel in data.parameters.channels
	some capability in _asked_for(id, channel)
	not input.session.second_step in {"passed", "remembered"}
	not _showed_a_factor
	capability in decision.capabilities
}

# METADATA
# title: "A session may do what a channel keeps to itself, with a second step on another one"
# description: "A client chooses its channel. One that asks less, or asks differently, must not open what another one asks for."
never contains "a session may do what a channel keeps to itself, with a second step on another one" if {
	some id, channel in data.parameters.channels
	some capability in _asked_for(id, channel)
	not channel.second_step_on == "any_channel"
	not capability in data.parameters.channels[input.session.channel].capabilities
	not _showed_a_factor
	capability in decision.capabilities
}

# The capabilities for which a channel asks this account for a second step.
_asked_for(id, channel) := {capability |
	not channel.exempt
	some capability in channel.capabilities
	not capability in data.parameters.capabilities_without_second_step
	not input.settings.channels[id] == false
	not _plan_speaks_against(channel)
	not _custom_allows(capability)
} if {
	input.settings.two_factor
	input.account.two_factor
	input.account.has_email
}

_plan_speaks_against(channel) if {
	channel.capabilities == ["agent"]
	input.account.plan in data.parameters.plans_without_agent
}

# METADATA
# title: "A session that waits for a factor is worth something"
# description: "The session was let in without a code, to show a factor. A session that may enrol a factor may do nothing else."
never contains "a session that waits for a factor is worth something" if {
	input.session.second_step in {"aal2_needed", "enrol_only"}
	not input.session.aal == "aal2"
	some capability in decision.capabilities
	capability != "enrol"
}

# The session was let in to show a factor of Kratos, or was raised with one, and Kratos says that it is aal2.
_showed_a_factor if {
	input.session.aal == "aal2"
	input.session.second_step in {"passed", "aal2_needed"}
}

_more_than_anybody if {
	some capability in decision.capabilities
	not capability in data.parameters.capabilities_without_second_step
}

# A custom rule gives the capability, and custom rules may allow.
_custom_allows(capability) if {
	data.parameters.custom_may_allow == true
	some allowance in data.custom.capabilities.allow
	allowance.capability == capability
}
