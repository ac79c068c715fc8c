# METADATA
# title: What must never be of a sign-in
# description: |
#   Each rule says what must never happen, whatever the other rules say. A proof covers all possible sign-ins, not only some tests. The
#   rules read the settings, the account and the decision. They do not use the rules that decide, because these may be wrong.
# schemas:
#   - input: schema.input
package nidan.invariants.login

import data.nidan.login.decision

# METADATA
# title: "A locked account gets in, or is sent a code"
# description: "The account may be locked because its password is known to a thief."
never contains "a locked account gets in, or is sent a code" if {
	decision.action != "refuse"
	input.account.locked
}

# METADATA
# title: "An account whose password has expired gets in, or is sent a code"
# description: "The account needs a new password first."
never contains "an account whose password has expired gets in, or is sent a code" if {
	decision.action != "refuse"
	input.account.password_expired
}

# METADATA
# title: "An account that is not active gets in, or is sent a code"
# description: "A later Kratos may have more states than active and inactive. An account in an unknown state must not get in."
never contains "an account that is not active gets in, or is sent a code" if {
	decision.action != "refuse"
	input.account.state != "active"
}

# METADATA
# title: "An account that is asked gets in with the password alone"
# description: "The account's flag is on, and no other rule says that no code is needed."
never contains "an account that is asked gets in with the password alone" if {
	decision.action == "allow"
	input.request.method == "password"
	input.account.two_factor
	_asked_on_each_channel
}

# METADATA
# title: "An account whose role is always asked gets in with the password alone"
# description: "The account's flag does not matter. data.json lists the roles."
never contains "an account whose role is always asked gets in with the password alone" if {
	decision.action == "allow"
	input.request.method == "password"
	input.account.role in data.parameters.always_asked_roles
	_asked_on_each_channel
}

# METADATA
# title: "An account that is asked gets in by a method that is not known"
# description: "A later Kratos may have methods that data.json does not list. Such a method must not let anybody in."
never contains "an account that is asked gets in by a method that is not known" if {
	decision.action == "allow"
	not data.parameters.methods[input.request.method]
	input.account.two_factor
	_asked_on_each_channel
}

# METADATA
# title: "A sign-in with the password, or with a code that Kratos mailed, counts as one with two steps"
# description: "A thief with the mailbox would have both steps. A second step is needed in addition to the password."
never contains "a sign-in with the password, or with a code that Kratos mailed, counts as one with two steps" if {
	input.request.method in {"password", "code"}
	decision.second_step == "passed"
}

# METADATA
# title: "A device may be remembered for longer than the console says"
# description: "Administrators set the number of days in the console, and rely on it."
never contains "a device may be remembered for longer than the console says" if {
	decision.remember_days > input.settings.remember_days
}

# METADATA
# title: "A device may be remembered though the console says that none may"
# description: "If remembering is switched off, it is off for everybody."
never contains "a device may be remembered though the console says that none may" if {
	decision.remember_days > 0
	not input.settings.remember
}

# METADATA
# title: "An account whose role must not use mail is challenged by mail"
# description: "A mailed code for enrolment is no second step, because its session may do nothing else."
never contains "an account whose role must not use mail is challenged by mail" if {
	decision.action == "challenge"
	object.get(decision, "second_step", "") != "enrol_only"
	object.get(decision, "second_step_by", ["email"])[0] == "email"
	some role, of_role in data.parameters.second_step_by_of_role
	role == input.account.role
	input.today >= of_role.from
	not "email" in of_role.by
}

# METADATA
# title: "An account is let in on a remembered device, though its role must not use mail"
# description: "A device is remembered with a mailed code."
never contains "an account is let in on a remembered device, though its role must not use mail" if {
	decision.action == "allow"
	object.get(decision, "second_step", "") == "remembered"
	some role, of_role in data.parameters.second_step_by_of_role
	role == input.account.role
	input.today >= of_role.from
	not "email" in of_role.by
}

# METADATA
# title: "An OAuth2 client is let in for a factor that Kratos does not wait for"
# description: "Kratos would sign the client in with the password alone."
never contains "an OAuth2 client is let in for a factor that Kratos does not wait for" if {
	decision.action == "challenge"
	object.get(decision, "second_step_by", ["email"])[0] == "aal2"
	not data.parameters.kratos_waits_for_aal2 == true
	input.request.oauth2_client_id != ""
}

# METADATA
# title: "A client puts itself on a channel that is exempt"
# description: "Only trusted evidence makes a channel exempt. It is a gateway's header, or an OAuth2 client that Kratos names."
never contains "a client puts itself on a channel that is exempt" if {
	data.parameters.channels[decision.channel].exempt
	not _vouched_for(decision.channel)
}

_vouched_for(channel) if {
	data.parameters.channel_header != ""
	input.request.headers[data.parameters.channel_header] == channel
}

_vouched_for(channel) if {
	some client in data.parameters.channels[channel].oauth2_clients
	client == input.request.oauth2_client_id
}

_each_channel_is_on if {
	enforced := {id | some id, channel in data.parameters.channels; not channel.exempt}
	every id in enforced {
		not input.settings.channels[id] == false
	}
}

# No rule says that no code is needed, except perhaps the account's flag.
_asked_on_each_channel if {
	not _custom_allows
	input.settings.two_factor
	_each_channel_is_on
	input.account.has_email
	not input.account.plan in data.parameters.plans_without_agent
	not input.device.known
	not data.parameters.channels[decision.channel].exempt
}

# A custom rule lets the sign-in in, and custom rules may allow.
_custom_allows if {
	data.parameters.custom_may_allow == true
	some _ in data.custom.login.allow
}
