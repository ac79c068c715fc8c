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
# description: What the session may do, for each capability that it lacks, why, and what would earn it.
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
	reason := _against(capability)
}

default _hints := {}

_hints := {"step_up": _step_up} if count(_step_up) > 0

# METADATA
# title: What would earn a capability
# description: |
#   To sign in once more; and with a factor of Kratos' own, or more lately, where that is said. Inputs from before there was this do not
#   say at which level the session is, and get the answer that they got then.
_step_up[capability] := {"acr": "aal2"} if {
	some capability, "aal2_needed" in _reasons
}

_step_up[capability] := {"max_age_minutes": data.parameters.capability_terms[capability].max_age_minutes} if {
	some capability, "session_too_old" in _reasons
}

_step_up[capability] := {} if {
	some capability, reason in _reasons
	reason in _asked_for(capability)
	input.session.aal in {"aal1", "aal2", "unknown"}
}

# A session that may do nothing but that. One that has passed a second step may enrol, too, and need not ask here.
_enrolment := ["enrol"] if {
	_worth_nothing == "second_factor_needed"
	not _refused_account
} else := []

# METADATA
# title: Why a capability is lacking
# description: The first that holds, from top to bottom. Undefined where nothing is against it.
_reason(capability) := reason if {
	reason := _refused_account
} else := reason if {
	reason := _against(capability)
} else := "aal2_needed" if {
	# What it has passed is not enough for this account any more.
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
#   On any channel, where the channel says that any will do, or where it was a factor of Kratos' own. Else it was taken on a channel that
#   gives the capability: a session that was begun elsewhere may be one of a channel that asks less.
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
# description: Each of these is against every other capability, too.
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
# description: It waits for a factor of Kratos' own. It was let in for that alone, or to enrol one, and nothing else.
_worth_nothing := "aal2_needed" if {
	input.session.second_step == "aal2_needed"
	not _aal2
} else := "second_factor_needed" if {
	# Also once the factor is enrolled: it has to be shown, in a sign-in of its own.
	input.session.second_step == "enrol_only"
}

# METADATA
# title: A factor of Kratos' own was shown
# description: |
#   Kratos v1.3.1 calls a session aal2 also where somebody enrolled a factor in it, and has shown none. So Kratos' word counts only of a
#   session that passed a second step when it began or was raised, or that was let in to show a factor.
_aal2 if {
	input.session.aal == "aal2"
	input.session.second_step in {"passed", "aal2_needed"}
}

# METADATA
# title: The second step was taken
# description: With a factor of Kratos' own; or, where that is enough for this account, with a code or on a remembered device.
second_step if _aal2

second_step if {
	input.session.known == true
	input.session.second_step in ["passed", "remembered"]
	"email" in asked.second_step_by
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
