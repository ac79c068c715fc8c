# METADATA
# title: What a session is worth
# description: |
#   Kratos' sessions know neither the channel nor the second step: each is good for every application. So that one got through
#   a channel that asks less does not open one that asks more, an application asks here what a session may do. A session of
#   which there is no record gets what one would that was never asked. A capability is there where no reason is against it:
#   a fact that is missing never takes a reason away.
# schemas:
#   - input: schema.capabilities
package nidan.capabilities

import data.nidan.asked

# METADATA
# title: Decision
# description: What the session may do, and for each capability that it lacks, why.
# entrypoint: true
decision := {
	"capabilities": array.concat(data.parameters.capabilities_without_second_step, _earned),
	"reasons": _reasons,
}

_earnable := ["agent", "console"]

_earned := [capability | some capability in _earnable; not _reasons[capability]]

_reasons[capability] := reason if {
	some capability in _earnable
	reason := _reason(capability)
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
} else := "softphone_asks_a_code" if {
	capability == "agent"
	asked.code("softphone")
	not second_step
} else := "console_asks_a_code" if {
	capability == "console"
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
