# METADATA
# title: Who is asked
# description: |
#   Why an account is not asked for a code on a channel, as far as that is said by the settings and the account alone. Each
#   reason is a rule of its own, because a sign-in tries them in an order, with others between them. A fact that is missing
#   is no reason.
# schemas:
#   - input: schema.input
package nidan.asked

# METADATA
# title: A code is asked
# description: Of this account, on this channel, unless the device is remembered.
code(channel) if {
	not two_factor_off
	not channel_off(channel)
	not _let_in_without_email
	not account_off
	not plan_without_agent(channel)
}

# METADATA
# title: Two-step verification is off
# description: Nobody is asked, on any channel.
# custom:
#   reason: two_factor_off
two_factor_off if input.settings.two_factor == false

# METADATA
# title: The channels that may ask for a code
# description: Those of the list in data.json, but for those that are exempt. By their ids.
channels contains id if {
	some id, channel in data.parameters.channels
	not channel.exempt == true
}

# METADATA
# title: The channel is not enforced
# description: |
#   Its switch is off. A channel that has no switch yet is enforced. One that cannot be told has none, and is enforced as soon as any
#   channel is.
# scope: document
# custom:
#   reason: channel_off
channel_off(channel) if {
	data.parameters.channels[channel]
	_switch(channel) == false
}

channel_off("unknown") if {
	count(channels) > 0 # of none, "every" would hold
	every channel in channels {
		input.settings.channels[channel] == false
	}
}

# By itself, so that a proof sees which switch is looked at: compared where it is read, OPA looks through all of them.
_switch(channel) := input.settings.channels[channel]

# METADATA
# title: The account has no e-mail address
# description: |
#   There is nowhere to send a code to, and no factor to ask for in the place of a code. Whether that lets it in is said in data.json.
#   Where it is not known whether there is a factor, this is no reason.
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
#   The ways, the preferred one first: "aal2" is a factor of Kratos' own, "email" is a mailed code. A role may have ways of its own,
#   from a day on: before that day, its people can enrol a factor. If it is not known which day it is, or which role, the role's
#   own ways hold.
second_step_by := of_role.by if {
	some role, of_role in data.parameters.second_step_by_of_role
	not _another(role)
	not _before(of_role.from)
} else := data.parameters.second_step_by

# METADATA
# title: The ways that this account has
# description: Of those in which the second step may be taken.
ways := [way | some way in second_step_by; _has(way)]

# METADATA
# title: The account has a factor of Kratos' own
# description: Recovery codes alone do not count. They run out, and are for the day on which the factor is lost.
enrolled if input.account.factors.totp == true

enrolled if input.account.factors.webauthn == true

# METADATA
# title: It has to be known which factors the account has
# description: They may be asked for, and were not looked up.
factors_needed if {
	"aal2" in second_step_by
	not enrolled
	not _not_enrolled
}

# METADATA
# title: A factor comes before a mailed code
# description: Also where it is not known whether the account has one.
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

# Whoever signs in is kept waiting for the factor. Kratos signs an OAuth2 client in as soon as Nidan lets the sign-in go on, and that
# client never asks Nidan what the session is worth: there, Kratos itself has to wait.
_waits if input.request.oauth2_client_id == ""

_waits if data.parameters.kratos_waits_for_aal2 == true

# Days as text are in the order of time.
_before(day) if {
	input.today != ""
	input.today < day
}

# METADATA
# title: The account's flag is off
# description: And its role is not one that is always asked.
# custom:
#   reason: account_off
account_off if {
	input.account.two_factor == false

	# "every" and not "not … in": were the list missing, nobody's flag would count.
	every role in data.parameters.always_asked_roles {
		role != input.account.role
	}
}

# METADATA
# title: The account's plan has no agent's function
# description: Which is all that the channel is for.
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
