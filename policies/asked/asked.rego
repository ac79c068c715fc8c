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
# description: A code is asked of this account on this channel, unless the device is remembered.
code(channel) if {
	not two_factor_off
	not channel_off(channel)
	not _let_in_without_email
	not account_off
	not plan_without_agent(channel)
}

# METADATA
# description: Two-step verification is off.
two_factor_off if input.settings.two_factor == false

# METADATA
# description: |
#   The channel is not enforced. One that cannot be told is enforced as soon as any channel is.
channel_off("admin_console") if input.settings.admin_console == false

channel_off("softphone") if input.settings.softphone == false

channel_off("unknown") if {
	input.settings.admin_console == false
	input.settings.softphone == false
}

# METADATA
# description: There is no address to send a code to.
no_email if input.account.has_email == false

# METADATA
# description: The account's own flag is off, and its role is not one that is always asked.
account_off if {
	input.account.two_factor == false

	# "every" and not "not … in": were the list missing, nobody's flag would count.
	every role in data.parameters.always_asked_roles {
		role != input.account.role
	}
}

# METADATA
# description: The account's plan has no agent's function, which is what the softphone asks a code for.
plan_without_agent("softphone") if input.account.plan in data.parameters.plans_without_agent

_let_in_without_email if {
	no_email
	data.parameters.no_email == "allow"
}
