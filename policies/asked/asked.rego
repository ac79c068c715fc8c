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
# description: There is nowhere to send a code to. Whether that lets it in is said in data.json.
# custom:
#   reason: no_email
no_email if input.account.has_email == false

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
