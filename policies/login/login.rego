# METADATA
# title: Sign-in
# description: |
#   Whether a sign-in, by a correct password or another method, also needs a second step, and which one. The rules are tried from top to
#   bottom, and the first that holds decides. If none holds, a code is asked. A missing fact never makes a rule hold that lets a person in,
#   because each such rule compares a fact with "== false" or with a value, and a missing fact equals nothing. A missing
#   fact about the account's state refuses. Custom rules, in the package custom.login, have fixed places in this order.
#   None of them ship.
# schemas:
#   - input: schema.input
package nidan.login

import data.custom.login as custom
import data.nidan.asked

# METADATA
# title: Decision
# description: |
#   The action, the reason and the terms. All fields of an outcome go into the decision. schema/login_decision.jsonschema lists the fields
#   that a decision may have. An outcome may also replace a term.
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

# Three refusals are shown as "sign in again", so that a person who tries passwords does not learn which accounts are locked.
_outcome := {"action": "refuse", "reason": "account_locked", "state": "sign_in_again"} if {
	not input.account.locked == false
} else := {"action": "refuse", "reason": "password_expired", "state": "sign_in_again"} if {
	not input.account.password_expired == false
} else := {"action": "refuse", "reason": "account_inactive", "state": "sign_in_again"} if {
	not input.account.state == "active"
} else := object.union(object.union(_forgetting, _custom_refusal), {"action": "refuse"}) if {
	_custom_refusal
} else := object.union(_forgetting, _more_than_a_code) if {
	# After such a method, no rule asks for a code. The session keeps that the step was taken, even if nobody is asked now.
	_more_than_a_code
} else := object.union(_forgetting, _method_not_supported) if {
	# A custom rule asks for a code, and with this method none can be asked.
	_custom_challenge
	not _code_can_be_asked
} else := _factors_needed if {
	_custom_challenge
	asked.factors_needed
} else := {"action": "refuse", "reason": "no_email"} if {
	# A custom rule asks for a code, and the account has no address.
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
	# An account with a factor needs no address.
	input.account.has_email == false
	asked.factors_needed
} else := {"action": data.parameters.no_email, "reason": "no_email"} if {
	asked.no_email
} else := {"action": "allow", "reason": "account_off", "forget_devices": true} if {
	# When the flag is switched on again later, the account must be asked on every device, even on those that remembered it before.
	asked.account_off
} else := {"action": "allow", "reason": "plan_without_agent"} if {
	asked.plan_without_agent(channel)
} else := {"action": "allow", "reason": "mailed_code"} if {
	_mailed_code
} else := _method_not_supported if {
	# This rule stands after those by which nobody is asked for a code. With two-step verification off, Kratos' own methods work as they
	# do without Nidan.
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
	# No code is mailed, and no device is remembered. The session may do nothing until Kratos says aal2.
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

# To look up this fact, Nidan must ask Kratos. So a decision asks for it only if needed, and Nidan decides again with the fact.
_factors_needed := {"action": "refuse", "reason": "factors_needed", "needs": ["account.factors"]}

# The second step of a challenge by a custom rule.
default _custom_way := {}

_custom_way := {"second_step_by": asked.ways, "remember_days": 0} if {
	asked.ways[0] == "aal2"
} else := {"second_step_by": asked.ways} if {
	count(asked.ways) > 1
} else := {"second_step": "enrol_only", "remember_days": 0} if {
	_may_enrol
}

# The account must use a factor and has none. The mailed code is no second step, and the session may only enrol a factor. An OAuth2 client
# never asks Nidan what a session may do: for such a client, this would be a sign-in without the factor.
_may_enrol if {
	count(asked.ways) == 0
	data.parameters.enrol_by_email == true
	input.account.has_email == true
	input.request.oauth2_client_id == ""
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
#   The channel from the list in data.json. Trusted evidence is tried first, then the return address of the browser, then the type of the
#   flow. The client chooses the last two, so they never lead to an exempt channel. What the client says about itself is not
#   used.
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
# description: A gateway names the channel in the header that data.json names, or Kratos names the OAuth2 client.
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
# description: 0 if remembering is off, or if that is not known.
# scope: document
default remember_days := 0

remember_days := input.settings.remember_days if input.settings.remember == true

# METADATA
# title: The channel is exempt
# description: Only trusted evidence counts.
# custom:
#   reason: channel_exempt
_exempt_channel if data.parameters.channels[_vouched_channel].exempt == true

# METADATA
# title: The client is too old
# description: The client is older than the channel's minimum, so that it cannot show the code, or it does not give its version.
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

# "4" and "3.6" are short for "4.0.0" and "3.6.0". Another text is returned unchanged. A client with such a version is too old, and a
# minimum with such a version is an error.
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
#   The value of the method in data.json. A method of Kratos that is not listed there, perhaps of a later version, has no value. If the input
#   has no method, as in records of earlier versions, the method is the password.
_taken_for := data.parameters.methods[input.request.method]

_taken_for := data.parameters.methods.password if not input.request.method

# METADATA
# title: A second factor of Kratos was used
# description: In a flow that Kratos begins for a signed-in person, to raise the session. It is stronger than a mailed code.
# custom:
#   reason: second_factor
_second_factor if {
	_taken_for in {"second_factor", "strong"}
	input.request.requested_aal == "aal2"
}

# METADATA
# title: The method is stronger than a mailed code
# description: An example is a passkey.
# custom:
#   reason: strong_method
_strong_method if {
	_taken_for == "strong"
	not _any_security_key
}

# In a flow that refreshes a session, Kratos accepts each security key of the account as the first factor, even one that was set up as
# a second factor. Attack: a thief with that key would need nothing else, and Kratos does not require a session to refresh.
_any_security_key if {
	input.request.method == "webauthn"
	not input.request.refresh == false
}

# METADATA
# title: The method was a mailed code
# description: Another code would go to the same mailbox, and prove nothing more. The session has no second step.
# custom:
#   reason: mailed_code
_mailed_code if _taken_for == "mailed_code"

# METADATA
# title: A code can be asked with this method
# description: |
#   data.json lists the method as "asked", and Kratos hands on the code that the person enters. With the methods below, Kratos v1.3.1 does
#   not (docs/sign-in-methods.md). The person would be asked for a code that never reaches Nidan.
_code_can_be_asked if {
	_taken_for == "asked"
	not _hands_nothing_on
}

_hands_nothing_on if input.request.method in {"code", "lookup_secret", "passkey", "webauthn"}

# METADATA
# title: The method is a second step itself
# scope: document
# description: Undefined if the method is not.
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
#   A lower number of days also counts for devices that were remembered before, because the age is compared here and not when the
#   device is remembered. A device is remembered with a mailed code. So it counts only if a mailed code would be enough, and never
#   instead of a factor of Kratos.
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
#   The first element that holds, in Rego's order of values. Undefined if there is none.
_custom_refusal := outcomes[0] if {
	outcomes := [outcome | some outcome in custom.refuse]
}

_custom_challenge := outcomes[0] if {
	outcomes := [outcome | some outcome in custom.challenge]
}

_custom_allowance := outcomes[0] if {
	outcomes := [outcome | some outcome in custom.allow]
}

# A challenge by a custom rule cannot change these.
_challenge_alone := {"action": "challenge", "channel": channel, "limits": data.parameters.limits}

# If the account's flag is off, its devices are forgotten, even if a custom rule decides first.
default _forgetting := {}

_forgetting := {"forget_devices": true} if asked.account_off
