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

_earnable := ["agent", "console"]

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
} else := "softphone_asks_a_code" if {
	capability == "agent"
	not _custom_allowed(capability)
	asked.code("softphone")
	not second_step
} else := "console_asks_a_code" if {
	capability == "console"
	not _custom_allowed(capability)
	asked.code("admin_console")
	not _signed_in_to_console
}

# METADATA
# title: The second step was taken
# description: With a code or on a remembered device, on whatever channel.
second_step if {
	input.session.known == true
	input.session.second_step in ["passed", "remembered"]
}

# A console session from before the switch was set has not passed it either.
_signed_in_to_console if {
	second_step
	input.session.channel == "admin_console"
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
