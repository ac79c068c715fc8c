# METADATA
# title: Sign-in
# description: |
#   Whether a sign-in with a correct password also needs a code. The rules are tried from top to bottom; the first that
#   holds decides, and where none does, a code is asked. A fact that is missing never makes a rule hold: every rule that
#   lets somebody in compares with "== false" or an equal that can only be true of a fact that is there.
# schemas:
#   - input: schema.input
package nidan.login

# METADATA
# title: Decision
# description: What is to happen, why, and on what terms.
# entrypoint: true
decision := {
	"action": _outcome.action,
	"reason": _outcome.reason,
	"channel": channel,
	"code": data.parameters.code,
	"remember_days": remember_days,
	"capabilities": data.parameters.capabilities_without_second_step,
}

default _outcome := {"action": "challenge", "reason": "code_required"}

_outcome := {"action": "allow", "reason": "two_factor_off"} if {
	input.settings.two_factor == false
} else := {"action": "allow", "reason": "channel_off"} if {
	_channel_off
} else := {"action": data.parameters.no_email, "reason": "no_email"} if {
	input.account.has_email == false
} else := {"action": "allow", "reason": "account_off"} if {
	input.account.two_factor == false
	_role_may_switch_off
} else := {"action": "allow", "reason": "device_remembered"} if {
	_device_remembered
}

# METADATA
# title: Channel
# description: |
#   What is being signed in to. Kratos tells a browser's flow from a native client's; what a client says of itself is not
#   asked.
default channel := "unknown"

channel := "admin_console" if input.request.flow_type == "browser"

channel := "softphone" if input.request.flow_type == "api"

# METADATA
# title: Days a device may be remembered
# description: 0 where remembering is off, or where that cannot be told.
default remember_days := 0

remember_days := input.settings.remember_days if input.settings.remember == true

_channel_off if {
	channel == "admin_console"
	input.settings.admin_console == false
}

_channel_off if {
	channel == "softphone"
	input.settings.softphone == false
}

# A channel that cannot be told is enforced as soon as any channel is.
_channel_off if {
	channel == "unknown"
	input.settings.admin_console == false
	input.settings.softphone == false
}

# "every" and not "not … in": were the list missing, nobody's flag would count.
_role_may_switch_off if {
	every role in data.parameters.always_asked_roles {
		role != input.account.role
	}
}

# Lowering the number of days counts for devices that were remembered before, too: it is compared here, not when the device
# is remembered.
_device_remembered if {
	input.settings.remember == true
	input.device.known == true
	input.device.channel == channel
	input.device.age_days < input.settings.remember_days
}
