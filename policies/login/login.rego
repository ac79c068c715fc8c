# METADATA
# title: Sign-in
# description: |
#   Whether a sign-in, by a correct password or another method, also needs a second step, and which. The rules are tried from top to
#   bottom; the first that holds decides, and where none does, a code is asked. A fact that is missing never makes a rule hold that lets somebody
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
} else := object.union(_forgetting, _more_than_a_code) if {
	# No code is asked after it, whoever asks for one. That it was taken is kept with the session also where nobody is asked now.
	_more_than_a_code
} else := object.union(_forgetting, _method_not_supported) if {
	# A code is asked by a rule of the team's own, and with this method it cannot be.
	_custom_challenge
	not _code_can_be_asked
} else := _factors_needed if {
	_custom_challenge
	asked.factors_needed
} else := {"action": "refuse", "reason": "no_email"} if {
	# A code is asked by a rule of the team's own, and there is nowhere to send it to.
	_custom_challenge
	not input.account.has_email == true
	not asked.ways[0] == "aal2"
	"email" in asked.second_step_by
} else := object.union(_forgetting, _second_factor_needed) if {
	_custom_challenge
	_no_way
} else := object.union(_forgetting, {"action": "refuse", "reason": "client_too_old", "state": "client_too_old"}) if {
	_custom_challenge
	_client_too_old
} else := object.union(object.union(object.union(_forgetting, _custom_challenge), _challenge_alone), _custom_way) if {
	_custom_challenge
} else := {"action": "allow", "reason": "two_factor_off"} if {
	asked.two_factor_off
} else := {"action": "allow", "reason": "channel_exempt"} if {
	_exempt_channel
} else := {"action": "allow", "reason": "channel_off"} if {
	asked.channel_off(channel)
} else := _factors_needed if {
	# Who has a factor needs no address.
	input.account.has_email == false
	asked.factors_needed
} else := {"action": data.parameters.no_email, "reason": "no_email"} if {
	asked.no_email
} else := {"action": "allow", "reason": "account_off", "forget_devices": true} if {
	# Switched on again some day, the account is to be asked again, wherever it was remembered before.
	asked.account_off
} else := {"action": "allow", "reason": "plan_without_agent"} if {
	asked.plan_without_agent(channel)
} else := {"action": "allow", "reason": "mailed_code"} if {
	_mailed_code
} else := _method_not_supported if {
	# Behind the rules by which nobody would be asked for a code: with two-step verification off, Kratos' own methods go on as without
	# Nidan.
	not _code_can_be_asked
} else := {"action": "refuse", "reason": "client_too_old", "state": "client_too_old"} if {
	_client_too_old
} else := {"action": "allow", "reason": "device_remembered", "second_step": "remembered"} if {
	_device_remembered
} else := {"action": "allow", "reason": _custom_allowance.reason} if {
	data.parameters.custom_may_allow == true
	_custom_allowance
} else := _factors_needed if {
	asked.factors_needed
} else := {"action": "challenge", "reason": "aal2_needed", "second_step_by": asked.ways, "remember_days": 0} if {
	# No code is mailed and no device is remembered: the session is worth nothing until Kratos says that it is aal2.
	asked.ways[0] == "aal2"
} else := {"action": "challenge", "reason": "code_required", "second_step_by": asked.ways} if {
	count(asked.ways) > 1
} else := {"action": "refuse", "reason": "no_email"} if {
	count(asked.ways) == 0
	"email" in asked.second_step_by
} else := {"action": "challenge", "reason": "enrolment", "second_step": "enrol_only", "remember_days": 0} if {
	_may_enrol
} else := _second_factor_needed if {
	_no_way
}

# The rules turn on a fact that costs a question to Kratos, so it is asked only here. Whoever asks decides once more with it.
_factors_needed := {"action": "refuse", "reason": "factors_needed", "needs": ["account.factors"]}

# What a challenge of the team's own says of the second step.
default _custom_way := {}

_custom_way := {"second_step_by": asked.ways, "remember_days": 0} if {
	asked.ways[0] == "aal2"
} else := {"second_step_by": asked.ways} if {
	count(asked.ways) > 1
} else := {"second_step": "enrol_only", "remember_days": 0} if {
	_may_enrol
}

# It has to use a factor and has none. It is mailed a code, and that is no second step: the session may enrol a factor, and nothing else.
_may_enrol if {
	count(asked.ways) == 0
	data.parameters.enrol_by_email == true
	input.account.has_email == true
}

_no_way if {
	count(asked.ways) == 0
	not _may_enrol
	not "email" in asked.second_step_by
}

_second_factor_needed := {"action": "refuse", "reason": "second_factor_needed", "message": _enrol}

_enrol := {
	"ja": "このアカウントでは、認証アプリまたはセキュリティキーによる2段階認証が必要ですが、まだ登録されていません。登録の方法を管理者にお問い合わせください。",
	"en": "This account has to sign in with an authenticator app or a security key, and has none yet. Ask your administrator how to set one up.",
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
# title: What the method is taken for
# scope: document
# description: |
#   As data.json lists it: a method of Kratos that is not listed there, maybe of a later version, is taken for nothing. Where no method is
#   said, as in records of earlier versions, it was the password.
_taken_for := data.parameters.methods[input.request.method]

_taken_for := data.parameters.methods.password if not input.request.method

# METADATA
# title: A second factor of Kratos was used
# description: In a flow that Kratos begins for somebody who is signed in, and to raise that session. It is stronger than a mailed code.
# custom:
#   reason: second_factor
_second_factor if {
	_taken_for in {"second_factor", "strong"}
	input.request.requested_aal == "aal2"
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
	input.request.method == "webauthn"
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
	not _hands_nothing_on
}

_hands_nothing_on if input.request.method in {"code", "lookup_secret", "passkey", "webauthn"}

# METADATA
# title: The method is a second step itself
# scope: document
# description: Undefined where it is none.
_more_than_a_code := {"action": "allow", "reason": "second_factor", "second_step": "passed"} if {
	_second_factor
} else := {"action": "allow", "reason": "strong_method", "second_step": "passed"} if {
	_strong_method
}

_method_not_supported := {
	"action": "refuse",
	"reason": "method_not_supported",
	"message": {
		"ja": "この方法ではログインできません。パスワードなど、別の方法でログインしてください。",
		"en": "You cannot sign in this way. Choose another way, such as your password.",
	},
}

# METADATA
# title: The device is remembered
# description: |
#   Lowering the number of days counts for devices that were remembered before, too: it is compared here, not when the
#   device is remembered. A device is remembered by a mailed code. So it counts only where a mailed code would be enough, and never
#   in the place of a factor of Kratos' own.
# custom:
#   reason: device_remembered
_device_remembered if {
	input.settings.remember == true
	input.device.known == true
	input.device.channel == channel
	_device_age < input.settings.remember_days
	"email" in asked.second_step_by
	not asked.aal2_first
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
