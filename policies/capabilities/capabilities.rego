# METADATA
# title: What a session is worth
# description: |
#   A Kratos session does not say on which channel and with which second step it was opened, and every application accepts it. An
#   application asks here what a session may do, so that a session from a channel that asks less does not open one that asks more. A
#   session without a record counts as one that was never asked. A session has a capability if no reason is against it. A missing fact
#   never removes a reason. Custom rules belong into the package custom.capabilities. None ship.
# schemas:
#   - input: schema.capabilities
package nidan.capabilities

import data.custom.capabilities as custom
import data.nidan.asked

# METADATA
# title: Decision
# description: What the session may do. For each missing capability, why it is missing, and what would earn it.
# entrypoint: true
decision := object.union(
	{
		"capabilities": array.concat(array.concat(_free, _earned), _enrolment),
		"reasons": _reasons,
	},
	_hints,
)

_free := [capability |
	some capability in data.parameters.capabilities_without_second_step
	not _against(capability)
]

# The capabilities that channels give to a session with a second step.
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
	reason := _against(capability)
}

default _hints := {}

_hints := {"step_up": _step_up} if count(_step_up) > 0

# METADATA
# title: What would earn a capability
# description: |
#   A new sign-in, and if named, with a factor of Kratos or within an age. An input of an earlier version does not have the level of the
#   session, and gets the answer of that version.
_step_up[capability] := {"acr": "aal2"} if {
	some capability, "aal2_needed" in _reasons
}

_step_up[capability] := {"max_age_minutes": data.parameters.capability_terms[capability].max_age_minutes} if {
	some capability, "session_too_old" in _reasons
}

_step_up[capability] := {} if {
	some capability, reason in _reasons
	reason in _asked_for(capability)
	not reason in {"aal2_needed", "session_too_old"} # a team's channel may use these names, too; the rules above give the hint then
	input.session.aal in {"aal1", "aal2", "unknown"}
}

# A session that may only enrol a factor. A session with a second step may enrol, too, and does not ask here.
_enrolment := ["enrol"] if {
	_worth_nothing == "second_factor_needed"
	not _refused_account
} else := []

# METADATA
# title: Why a capability is lacking
# description: The first reason that holds, from top to bottom. Undefined if no reason is against the capability.
_reason(capability) := reason if {
	reason := _refused_account
} else := reason if {
	reason := _against(capability)
} else := "aal2_needed" if {
	# The second step of the session is no longer enough for this account.
	not "email" in asked.second_step_by
	not _custom_allowed(capability)
	count(_asked_for(capability)) > 0
	not second_step
} else := reason if {
	not _custom_allowed(capability)
	reason := min(_asked_for(capability))
}

# METADATA
# title: A channel asks this account for a code, and the session has not taken the step
# description: The reasons of the channels that give the capability and ask this account for a code.
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
#   A factor of Kratos counts for every channel. If the channel says any_channel, so does a second step on any channel. Otherwise, the second
#   step must have been taken on a channel that gives the capability, because a client could choose a channel that asks less.
# scope: document
_step_taken(_, _) if _aal2

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
# title: The account could not sign in any more
_refused_account := "account_locked" if {
	not input.account.locked == false
} else := "password_expired" if {
	not input.account.password_expired == false
} else := "account_inactive" if {
	not input.account.state == "active"
}

# METADATA
# title: Why a session lacks a capability that needs no second step
# description: Each of these reasons is against every other capability, too.
_against(capability) := reason if {
	reason := _custom_refusal(capability)
} else := _worth_nothing if {
	_worth_nothing
} else := "aal2_needed" if {
	data.parameters.capability_terms[capability].aal == "aal2"
	not _aal2
} else := "session_too_old" if {
	data.parameters.capability_terms[capability].max_age_minutes
	not _young_enough(capability)
}

_young_enough(capability) if input.session.age_minutes < data.parameters.capability_terms[capability].max_age_minutes

# METADATA
# title: The session is worth nothing
# description: The session waits for a factor of Kratos, or is for enrolling one. Until then, it may do nothing else.
_worth_nothing := "aal2_needed" if {
	input.session.second_step == "aal2_needed"
	not _aal2
} else := "second_factor_needed" if {
	# This also holds after the factor is enrolled. The person must show the factor in a new sign-in.
	input.session.second_step == "enrol_only"
}

# METADATA
# title: A factor of Kratos' own was shown
# description: |
#   Kratos v1.3.1 also says aal2 if a factor was only enrolled in the session, and never shown. So the level counts only for a session that
#   passed a second step when it began or was raised, or that was let in to show a factor.
_aal2 if {
	input.session.aal == "aal2"
	input.session.second_step in {"passed", "aal2_needed"}
}

# METADATA
# title: The second step was taken
# description: With a factor of Kratos. If mail is enough for this account, also with a mailed code or on a remembered device.
second_step if _aal2

second_step if {
	input.session.known == true
	input.session.second_step in ["passed", "remembered"]
	"email" in asked.second_step_by
}

# METADATA
# title: A rule of a team's own is against a capability
# description: The reason of the first such rule that holds, in Rego's order of values.
_custom_refusal(capability) := reasons[0] if {
	reasons := [object.get(refusal, "reason", "custom_refusal") | some refusal in custom.refuse; refusal.capability == capability]
}

# METADATA
# title: A rule of a team's own gives a capability
# description: Only if custom rules may allow, and if only a second step is missing.
_custom_allowed(capability) if {
	data.parameters.custom_may_allow == true
	some allowance in custom.allow
	allowance.capability == capability
}
