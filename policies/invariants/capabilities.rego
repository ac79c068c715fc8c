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
# title: "A session may do without a second step what a channel asks one for"
# description: "Else whoever knows the password gets it by way of a channel that asks for no code."
never contains "a session may do without a second step what a channel asks one for" if {
	some id, channel in data.parameters.channels
	some capability in _asked_for(id, channel)
	not input.session.second_step in {"passed", "remembered"}
	not _showed_a_factor
	capability in decision.capabilities
}

# METADATA
# title: "A session may do what a channel keeps to itself, with a second step on another one"
# description: "A client chooses its channel: one that asks less, or asks otherwise, must not open what another one asks for."
never contains "a session may do what a channel keeps to itself, with a second step on another one" if {
	some id, channel in data.parameters.channels
	some capability in _asked_for(id, channel)
	not channel.second_step_on == "any_channel"
	not capability in data.parameters.channels[input.session.channel].capabilities
	not _showed_a_factor
	capability in decision.capabilities
}

# What a channel of the list asks a second step of this account for.
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
# description: "It was let in without a code, for Kratos to ask for the factor. One that was let in to enrol a factor may enrol, and nothing else."
never contains "a session that waits for a factor is worth something" if {
	input.session.second_step in {"aal2_needed", "enrol_only"}
	not input.session.aal == "aal2"
	some capability in decision.capabilities
	capability != "enrol"
}

# The session was let in for Kratos to ask for a factor of its own, or was raised with one; Kratos says that it is aal2.
_showed_a_factor if {
	input.session.aal == "aal2"
	input.session.second_step in {"passed", "aal2_needed"}
}

_more_than_anybody if {
	some capability in decision.capabilities
	not capability in data.parameters.capabilities_without_second_step
}

# A rule of the team's own gives it, and such rules may.
_custom_allows(capability) if {
	data.parameters.custom_may_allow == true
	some allowance in data.custom.capabilities.allow
	allowance.capability == capability
}
