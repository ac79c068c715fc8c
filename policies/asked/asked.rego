# METADATA
# title: Who is asked
# description: |
#   The reasons why an account is not asked for a code on a channel, as far as they follow from the settings and the account. Each
#   reason is a rule of its own, because the rules of a sign-in try them in a certain order, with other rules between them. A missing
#   fact is never a reason.
# schemas:
#   - input: schema.input
package nidan.asked

# METADATA
# title: A code is asked
# description: This account is asked for a code on this channel, unless the device is remembered.
code(channel) if {
	not two_factor_off
	not channel_off(channel)
	not _let_in_without_email
	not account_off
	not plan_without_agent(channel)
}

# METADATA
# title: Two-step verification is off
# description: No account is asked for a code on any channel.
# custom:
#   reason: two_factor_off
two_factor_off if input.settings.two_factor == false

# METADATA
# title: The channels that may ask for a code
# description: The ids of the channels in data.json that are not exempt.
channels contains id if {
	some id, channel in data.parameters.channels
	not channel.exempt == true
}

# METADATA
# title: The channel is not enforced
# description: |
#   The switch of the channel is off. A channel without a switch is enforced. The channel "unknown" has no switch, and is enforced as long
#   as one other channel is.
# scope: document
# custom:
#   reason: channel_off
channel_off(channel) if {
	data.parameters.channels[channel]
	_switch(channel) == false
}

channel_off("unknown") if {
	count(channels) > 0 # with an empty set, "every" would hold
	every channel in channels {
		input.settings.channels[channel] == false
	}
}

# A rule of its own, so that a proof sees which switch is read. In a comparison at the call, OPA would go through all switches.
_switch(channel) := input.settings.channels[channel]

# METADATA
# title: The account has no e-mail address
# description: |
#   No code can be sent, and no factor can be asked for instead. data.json says whether the account is let in. If it is not known
#   whether the account has a factor, the rule does not hold.
# custom:
#   reason: no_email
no_email if {
	input.account.has_email == false
	"email" in second_step_by
	not _may_have_aal2
}

# METADATA
# title: How the second step is taken
# description: |
#   The ways, the preferred one first. "aal2" is a factor of Kratos, "email" is a mailed code. A role may have its own ways from a day
#   on. Before that day, the people with this role can enrol a factor. If the day or the role of the account is not known, the ways of
#   the role apply.
second_step_by := of_role.by if {
	some role, of_role in data.parameters.second_step_by_of_role
	not _another(role)
	not _before(of_role.from)
} else := data.parameters.second_step_by

# METADATA
# title: The ways that this account has
# description: The ways of second_step_by that this account can use.
ways := [way | some way in second_step_by; _has(way)]

# METADATA
# title: The account has a factor of Kratos' own
# description: Recovery codes alone do not count. They run out, and are for the day on which the factor is lost.
enrolled if input.account.factors.totp == true

enrolled if input.account.factors.webauthn == true

# METADATA
# title: It has to be known which factors the account has
# description: The factors may be asked for, and were not looked up.
factors_needed if {
	"aal2" in second_step_by
	not enrolled
	not _not_enrolled
}

# METADATA
# title: A factor comes before a mailed code
# description: The rule also holds if it is not known whether the account has a factor.
aal2_first if {
	second_step_by[0] == "aal2"
	not _not_enrolled
}

_not_enrolled if {
	input.account.factors.totp == false
	input.account.factors.webauthn == false
}

_may_have_aal2 if {
	"aal2" in second_step_by
	not _not_enrolled
}

_has("aal2") if {
	enrolled
	_waits
}

_has("email") if not input.account.has_email == false

_another(role) if input.account.role != role

# The person must wait for the factor before the session has any effect. Kratos signs an OAuth2 client in as soon as Nidan allows the
# sign-in, and the client never asks Nidan what the session may do. So for OAuth2 clients, Kratos itself must wait for the factor.
_waits if input.request.oauth2_client_id == ""

_waits if data.parameters.kratos_waits_for_aal2 == true

# Days in this format have the same order as texts and as days.
_before(day) if {
	input.today != ""
	input.today < day
}

# METADATA
# title: The account's flag is off
# description: The role of the account must not be one that is always asked.
# custom:
#   reason: account_off
account_off if {
	input.account.two_factor == false

	# "every" and not "not … in": if the list were missing, "not … in" would hold, and the flag would count for every role.
	every role in data.parameters.always_asked_roles {
		role != input.account.role
	}
}

# METADATA
# title: The account's plan has no agent's function
# description: The agent's function is all that the channel is for.
# custom:
#   reason: plan_without_agent
plan_without_agent(channel) if {
	data.parameters.channels[channel].capabilities == ["agent"]
	input.account.plan in data.parameters.plans_without_agent
}

_let_in_without_email if {
	no_email
	data.parameters.no_email == "allow"
}
