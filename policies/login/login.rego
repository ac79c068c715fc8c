# METADATA
# title: Sign-in
# description: |
#   Whether a sign-in, by a correct password or another method, also needs a code. The rules are tried from top to bottom; the
#   first that holds decides, and where none does, a code is asked. A fact that is missing never makes a rule hold that lets somebody
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
} else := object.union(_forgetting, _without_code) if {
	# A code is asked by a rule of the team's own, and the method is more than one, or cannot be asked for one.
	_custom_challenge
	_without_code
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
} else := {"action": "allow", "reason": "mailed_code"} if {
	_mailed_code
} else := _without_code if {
	# Behind the rules by which nobody would be asked for a code: with two-step verification off, Kratos' own methods go on as without
	# Nidan.
	_without_code
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
#   What is being signed in to. A channel that is exempt is told by trusted evidence alone: a gateway's header, or Kratos' word on
#   the OAuth2 client. Otherwise Kratos tells a browser's flow from a native client's. What a client says of itself is not asked.
# scope: document
default channel := "unknown"

channel := _exempt_channel if {
	_exempt_channel
} else := "admin_console" if {
	input.request.flow_type == "browser"
} else := "softphone" if {
	input.request.flow_type == "api"
}

# METADATA
# title: Days a device may be remembered
# description: 0 where remembering is off, or where that cannot be told.
# scope: document
default remember_days := 0

remember_days := input.settings.remember_days if input.settings.remember == true

# METADATA
# title: The channel is exempt
# description: As a gateway says in the header that data.json names, or as the OAuth2 client is known.
# custom:
#   reason: channel_exempt
_exempt_channel := said if {
	data.parameters.channel_header != ""
	said := input.request.headers[data.parameters.channel_header]
	said in data.parameters.exempt_channels
} else := known if {
	known := data.parameters.channel_of_oauth2_client[input.request.oauth2_client_id]
	known in data.parameters.exempt_channels
}

# METADATA
# title: The client is too old
# description: Older than the channel's minimum, so that it cannot show the code, or it does not say how old it is.
# custom:
#   reason: client_too_old
_client_too_old if {
	data.parameters.minimum_versions[channel]
	not _client_new_enough
}

_client_new_enough if {
	said := _in_full(input.request.client.version)
	semver.is_valid(said)
	semver.compare(said, _in_full(data.parameters.minimum_versions[channel])) >= 0
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
# title: What the method is taken for
# scope: document
# description: |
#   As data.json lists it: a method of Kratos that is not listed there, maybe of a later version, is taken for nothing. Where no method is
#   said, as in records of earlier versions, it was the password.
default _method := ""

_method := input.request.method

_taken_for := data.parameters.methods.password if {
	_method == ""
} else := data.parameters.methods[_method]

# METADATA
# title: A second factor of Kratos was used
# description: In a flow that Kratos begins for somebody who is signed in, and to raise that session. It is stronger than a mailed code.
# custom:
#   reason: second_factor
_second_factor if {
	input.request.requested_aal == "aal2"
	_taken_for in {"second_factor", "strong"}
}

# METADATA
# title: The method is stronger than a mailed code
# description: Such as a passkey.
# custom:
#   reason: strong_method
_strong_method if {
	_taken_for == "strong"
	not _any_security_key
}

# In a flow that refreshes a session, Kratos takes each security key of the account for its first factor, one too that was set up as a
# second factor: whoever found that key would need nothing else, and Kratos does not ask for a session to refresh.
_any_security_key if {
	_method == "webauthn"
	not input.request.refresh == false
}

# METADATA
# title: The method was a mailed code
# description: Another one would go to the same mailbox, and prove nothing more. The session has passed no second step.
# custom:
#   reason: mailed_code
_mailed_code if _taken_for == "mailed_code"

# METADATA
# title: A code can be asked with this method
# description: |
#   It is among those that are asked, and Kratos hands on what is entered. With these others, Kratos v1.3.1 does not
#   (docs/sign-in-methods.md): a person would be asked for a code that goes nowhere.
_code_can_be_asked if {
	_taken_for == "asked"
	not _method in {"code", "lookup_secret", "passkey", "webauthn"}
}

# METADATA
# title: How a sign-in ends with whose method no code is asked
# scope: document
# description: Undefined where one can be asked.
_without_code := {"action": "allow", "reason": "second_factor", "second_step": "passed"} if {
	_second_factor
} else := {"action": "allow", "reason": "strong_method", "second_step": "passed"} if {
	_strong_method
} else := {
	"action": "refuse",
	"reason": "method_not_supported",
	"message": {
		"ja": "この方法ではログインできません。パスワードなど、別の方法でログインしてください。",
		"en": "You cannot sign in this way. Choose another way, such as your password.",
	},
} if {
	not _code_can_be_asked
}

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
