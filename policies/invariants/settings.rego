# METADATA
# title: What must never be of a new password
# description: Each rule says what must never be. It is proven for all sessions that there can be.
# schemas:
#   - input: schema.capabilities
package nidan.invariants.settings

import data.nidan.settings.decision

# METADATA
# title: "A locked account gets a new password"
# description: "Whoever has a session of it would take the account from its holder."
never contains "a locked account gets a new password" if {
	input.account.locked
	decision.action == "allow"
}

# METADATA
# title: "An account that is asked gets a new password in a session without a second step"
# description: "With a new password, a session that was begun without a code would take the account from its holder."
never contains "an account that is asked gets a new password in a session without a second step" if {
	input.settings.two_factor
	input.account.two_factor
	input.account.has_email
	some id, channel in data.parameters.channels
	not channel.exempt
	not input.settings.channels[id] == false
	not _plan_speaks_against(channel)
	not input.session.second_step in {"passed", "remembered"}
	decision.action == "allow"
}

_plan_speaks_against(channel) if {
	channel.capabilities == ["agent"]
	input.account.plan in data.parameters.plans_without_agent
}
