# METADATA
# title: Sign-in
# description: |
#   Whether a sign-in with a correct password also needs a code. The rules are tried from top to bottom; the first that
#   holds decides, and where none does, a code is asked. A fact that is missing never makes a rule hold that lets somebody
#   in: each of them compares with "== false" or with an equal that can only be true of a fact that is there. One that is
#   missing of the account's state refuses. Rules of a team's own, in the package custom.login, have fixed places in that order;
#   none of them ships.
# schemas:
#   - input: schema.input
package nidan.login

import data.custom.login as custom
import data.nidan.asked

# METADATA
# title: Decision
# description: |
#   What is to happen, why, and on what terms. What an outcome says goes into the decision as it stands: all that there may be in it
#   is in schema/login_decision.jsonschema. It may say a term otherwise, too.
# entrypoint: true
decision := object.union(_terms, _outcome)

_terms := {
	"channel": channel,
	"code": data.parameters.code,
	"limits": data.parameters.limits,
	"remember_days": remember_days,
	"capabilities": data.parameters.capabilities_without_second_step,
}

default _outcome := {"action": "challenge", "reason": "code_required"}

# Three refusals are shown as "sign in again", so that whoever tries passwords does not learn which accounts are locked.
_outcome := {"action": "refuse", "reason": "account_locked", "state": "sign_in_again"} if {
	not input.account.locked == false
} else := {"action": "refuse", "reason": "password_expired", "state": "sign_in_again"} if {
	not input.account.password_expired == false
} else := {"action": "refuse", "reason": "account_inactive", "state": "sign_in_again"} if {
	not input.account.state == "active"
} else := object.union(object.union(_forgetting, _custom_refusal), {"action": "refuse"}) if {
	_custom_refusal
} else := {"action": "refuse", "reason": "no_email"} if {
	# A code is asked by a rule of the team's own, and there is nowhere to send it to.
	_custom_challenge
	not input.account.has_email == true
} else := object.union(_forgetting, {"action": "refuse", "reason": "client_too_old", "state": "client_too_old"}) if {
	_custom_challenge
	_client_too_old
} else := object.union(object.union(_forgetting, _custom_challenge), _challenge_alone) if {
	_custom_challenge
} else := {"action": "allow", "reason": "two_factor_off"} if {
	asked.two_factor_off
} else := {"action": "allow", "reason": "channel_exempt"} if {
	_exempt_channel
} else := {"action": "allow", "reason": "channel_off"} if {
	asked.channel_off(channel)
} else := {"action": data.parameters.no_email, "reason": "no_email"} if {
	asked.no_email
} else := {"action": "allow", "reason": "account_off", "forget_devices": true} if {
	# Switched on again some day, the account is to be asked again, wherever it was remembered before.
	asked.account_off
} else := {"action": "allow", "reason": "plan_without_agent"} if {
	asked.plan_without_agent(channel)
} else := {"action": "refuse", "reason": "client_too_old", "state": "client_too_old"} if {
	_client_too_old
} else := {"action": "allow", "reason": "device_remembered", "second_step": "remembered"} if {
	_device_remembered
} else := {"action": "allow", "reason": _custom_allowance.reason} if {
	data.parameters.custom_may_allow == true
	_custom_allowance
}

# METADATA
# title: Channel
# description: |
#   What is being signed in to, of the list in data.json. Trusted evidence comes first, then where the browser goes afterwards, then the
#   type of the flow. These two are the client's own choice, so they tell no channel that is exempt. What a client says of itself is not
#   asked.
# scope: document
default channel := "unknown"

channel := _vouched_channel if {
	_vouched_channel
} else := id if {
	some id in asked.channels
	some prefix in data.parameters.channels[id].return_to
	startswith(input.request.return_to, prefix)
} else := id if {
	some id in asked.channels
	data.parameters.channels[id].flow_type == input.request.flow_type
}

# METADATA
# title: Channel by trusted evidence
# description: A gateway says it in the header that data.json names, or Kratos knows the OAuth2 client that is signed in for.
_vouched_channel := id if {
	data.parameters.channel_header != ""
	id := input.request.headers[data.parameters.channel_header]
	data.parameters.channels[id]
} else := id if {
	some id, vouched in data.parameters.channels
	some client in vouched.oauth2_clients
	client == input.request.oauth2_client_id
}

# METADATA
# title: Days a device may be remembered
# description: 0 where remembering is off, or where that cannot be told.
# scope: document
default remember_days := 0

remember_days := input.settings.remember_days if input.settings.remember == true

# METADATA
# title: The channel is exempt
# description: By trusted evidence alone.
# custom:
#   reason: channel_exempt
_exempt_channel if data.parameters.channels[_vouched_channel].exempt == true

# METADATA
# title: The client is too old
# description: Older than the channel's minimum, so that it cannot show the code, or it does not say how old it is.
# custom:
#   reason: client_too_old
_client_too_old if {
	data.parameters.channels[channel].minimum_version
	not _client_new_enough
}

_client_new_enough if {
	said := _in_full(input.request.client.version)
	semver.is_valid(said)
	semver.compare(said, _in_full(data.parameters.channels[channel].minimum_version)) >= 0
}

# "4" and "3.6" are short for "4.0.0" and "3.6.0". What is no version at all stays as it is: a client whose version is none is too old,
# and a minimum that is none is an error.
_in_full(version) := version if {
	semver.is_valid(version)
} else := with_patch if {
	with_patch := concat("", [version, ".0"])
	semver.is_valid(with_patch)
} else := with_both if {
	with_both := concat("", [version, ".0.0"])
	semver.is_valid(with_both)
} else := version

# METADATA
# title: The device is remembered
# description: |
#   Lowering the number of days counts for devices that were remembered before, too: it is compared here, not when the
#   device is remembered.
# custom:
#   reason: device_remembered
_device_remembered if {
	input.settings.remember == true
	input.device.known == true
	input.device.channel == channel
	_device_age < input.settings.remember_days
}

_device_age := input.device.age_days if data.parameters.days_are_counted_as == "24_hours"

_device_age := input.device.age_calendar_days if data.parameters.days_are_counted_as == "calendar_day"

# METADATA
# title: Rules of a team's own
# description: |
#   What the first of them says that holds, in the order in which Rego puts values. Undefined where none holds, or there is none.
_custom_refusal := outcomes[0] if {
	outcomes := [outcome | some outcome in custom.refuse]
}

_custom_challenge := outcomes[0] if {
	outcomes := [outcome | some outcome in custom.challenge]
}

_custom_allowance := outcomes[0] if {
	outcomes := [outcome | some outcome in custom.allow]
}

# What a challenge of the team's own does not say otherwise.
_challenge_alone := {"action": "challenge", "channel": channel, "limits": data.parameters.limits}

# Where the account's flag is off, its devices are forgotten also where a rule of the team's own comes first.
default _forgetting := {}

_forgetting := {"forget_devices": true} if asked.account_off
