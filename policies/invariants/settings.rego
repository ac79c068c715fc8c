# METADATA
# title: What must never be of a change of how one signs in
# description: Each rule says what must never happen. A proof covers all changes in all possible sessions.
# schemas:
#   - input: schema.settings
package nidan.invariants.settings

import data.nidan.settings.decision

# METADATA
# title: "A locked account gets a new password"
# description: "A person with a session of the account could take it away from its holder."
never contains "a locked account gets a new password" if {
	decision.action == "allow"
	input.account.locked
}

# METADATA
# title: "An account that is asked gets a new password in a session without a second step"
# description: "In a session without a code, a thief who knows the password could set a new one and take the account away from its holder."
never contains "an account that is asked gets a new password in a session without a second step" if {
	decision.action == "allow"
	input.settings.two_factor
	input.account.two_factor
	input.account.has_email
	not _second_step
	_some_channel_asks
}

# METADATA
# title: "An account that is asked gets a factor, a provider or another profile in a session without a second step"
# description: "A thief who adds a factor has the stronger step, and a thief who changes the address gets the next code."
never contains "an account that is asked gets a factor, a provider or another profile in a session without a second step" if {
	decision.action == "allow"
	input.settings.two_factor
	_some_channel_asks
	input.account.two_factor
	input.account.has_email
	not input.request.method == "password"
	not _second_step
}

_second_step if input.session.second_step in {"passed", "remembered"}

_second_step if {
	input.session.second_step == "aal2_needed"
	input.session.aal == "aal2"
}

# The session may enrol a factor.
_second_step if {
	input.session.second_step == "enrol_only"
	input.request.method in {"any", "totp", "webauthn"}
}

_some_channel_asks if {
	some id, channel in data.parameters.channels
	not channel.exempt
	not input.settings.channels[id] == false
	not _plan_speaks_against(channel)
}

_plan_speaks_against(channel) if {
	channel.capabilities == ["agent"]
	input.account.plan in data.parameters.plans_without_agent
}
