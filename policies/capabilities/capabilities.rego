# METADATA
# title: What a session is worth
# description: |
#   Kratos' sessions know neither the channel nor the second step: each is good for every application. So that one got through
#   a channel that asks less does not open one that asks more, an application asks here what a session may do. A session of
#   which there is no record gets what one would that was never asked. A capability is there where no reason is against it:
#   a fact that is missing never takes a reason away. Rules of a team's own stand in the package custom.capabilities; none ships.
# schemas:
#   - input: schema.capabilities
package nidan.capabilities

import data.custom.capabilities as custom
import data.nidan.asked

# METADATA
# title: Decision
# description: What the session may do, and for each capability that it lacks, why.
# entrypoint: true
decision := {
	"capabilities": array.concat(_free, _earned),
	"reasons": _reasons,
}

_free := [capability |
	some capability in data.parameters.capabilities_without_second_step
	not _custom_refusal(capability)
]

# What the channels of the list give to a session that took its second step.
_earnable contains capability if {
	some channel in asked.channels
	some capability in data.parameters.channels[channel].capabilities
}

_earned := [capability | some capability in _earnable; not _reasons[capability]]

_reasons[capability] := reason if {
	some capability in _earnable
	reason := _reason(capability)
}

_reasons[capability] := reason if {
	some capability in data.parameters.capabilities_without_second_step
	not capability in _earnable
	reason := _custom_refusal(capability)
}

# METADATA
# title: Why a capability is lacking
# description: The first that holds, from top to bottom. Undefined where nothing is against it.
_reason(capability) := "account_locked" if {
	not input.account.locked == false
} else := "password_expired" if {
	not input.account.password_expired == false
} else := "account_inactive" if {
	not input.account.state == "active"
} else := reason if {
	reason := _custom_refusal(capability)
} else := reason if {
	not _custom_allowed(capability)
	reason := min(_asked_for(capability))
}

# METADATA
# title: A channel asks this account for a code, and the session has not taken the step
# description: What each channel that gives the capability says then.
_asked_for(capability) := {says |
	some channel in asked.channels
	capability in data.parameters.channels[channel].capabilities
	asked.code(channel)
	not _step_taken(channel, capability)
	says := _reason_of(channel)
}

_reason_of(channel) := data.parameters.channels[channel].reason

_reason_of(channel) := "channel_asks_a_code" if not data.parameters.channels[channel].reason

# METADATA
# title: The second step was taken where the channel wants it
# description: |
#   On any channel, where the channel says that any will do. Else it was taken on a channel that gives the capability: a session that was
#   begun elsewhere may be one of a channel that asks less.
# scope: document
_step_taken(channel, _) if {
	data.parameters.channels[channel].second_step_on == "any_channel"
	second_step
}

_step_taken(_, capability) if {
	second_step
	some channel in asked.channels
	capability in data.parameters.channels[channel].capabilities
	input.session.channel == channel
}

# METADATA
# title: The second step was taken
# description: With a code or on a remembered device, on whatever channel.
second_step if {
	input.session.known == true
	input.session.second_step in ["passed", "remembered"]
}

# METADATA
# title: A rule of a team's own is against a capability
# description: Why, as the first of them says that holds, in the order in which Rego puts values.
_custom_refusal(capability) := reasons[0] if {
	reasons := [object.get(refusal, "reason", "custom_refusal") | some refusal in custom.refuse; refusal.capability == capability]
}

# METADATA
# title: A rule of a team's own gives a capability
# description: Where such rules may, and nothing but a second step is lacking.
_custom_allowed(capability) if {
	data.parameters.custom_may_allow == true
	some allowance in custom.allow
	allowance.capability == capability
}
