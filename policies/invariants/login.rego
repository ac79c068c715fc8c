# METADATA
# title: What must never be of a sign-in
# description: |
#   Each rule says what must never be, whatever the other rules say. It is proven for all sign-ins that there can be, and not only
#   tried. It asks the settings, the account and the decision, and not the rules that make the decision: these may be wrong.
# schemas:
#   - input: schema.input
package nidan.invariants.login

import data.nidan.login.decision

# METADATA
# title: "A locked account gets in, or is sent a code"
# description: "Somebody locked it, maybe while its password is in the wrong hands."
never contains "a locked account gets in, or is sent a code" if {
	decision.action != "refuse"
	input.account.locked
}

# METADATA
# title: "An account whose password has expired gets in, or is sent a code"
# description: "It needs a new password first."
never contains "an account whose password has expired gets in, or is sent a code" if {
	decision.action != "refuse"
	input.account.password_expired
}

# METADATA
# title: "An account that is not active gets in, or is sent a code"
# description: "A later Kratos may have more states than active and inactive; none of them is let in unseen."
never contains "an account that is not active gets in, or is sent a code" if {
	decision.action != "refuse"
	input.account.state != "active"
}

# METADATA
# title: "An account that is asked gets in with the password alone"
# description: "Its own flag is on, and nothing else speaks against a code."
never contains "an account that is asked gets in with the password alone" if {
	decision.action == "allow"
	input.request.method == "password"
	input.account.two_factor
	_asked_on_each_channel
}

# METADATA
# title: "An account whose role is always asked gets in with the password alone"
# description: "Whatever its own flag says. Which roles these are is said in data.json."
never contains "an account whose role is always asked gets in with the password alone" if {
	decision.action == "allow"
	input.request.method == "password"
	input.account.role in data.parameters.always_asked_roles
	_asked_on_each_channel
}

# METADATA
# title: "An account that is asked gets in by a method that is not known"
# description: "A later Kratos may have methods of which nobody has said what they are worth. None of them lets in unseen."
never contains "an account that is asked gets in by a method that is not known" if {
	decision.action == "allow"
	not data.parameters.methods[input.request.method]
	input.account.two_factor
	_asked_on_each_channel
}

# METADATA
# title: "A sign-in with the password, or with a code that Kratos mailed, counts as one with two steps"
# description: "Whoever has the mailbox would have both, and the password alone is what a second step is asked for."
never contains "a sign-in with the password, or with a code that Kratos mailed, counts as one with two steps" if {
	input.request.method in {"password", "code"}
	decision.second_step == "passed"
}

# METADATA
# title: "A device may be remembered for longer than the console says"
# description: "Administrators set the days there, and count on them."
never contains "a device may be remembered for longer than the console says" if {
	decision.remember_days > input.settings.remember_days
}

# METADATA
# title: "A device may be remembered though the console says that none may"
# description: "Switched off, remembering is off for everybody."
never contains "a device may be remembered though the console says that none may" if {
	decision.remember_days > 0
	not input.settings.remember
}

# METADATA
# title: "An account whose role must not use mail is challenged by mail"
# description: "A code that is mailed for enrolment is no second step: its session is worth nothing else."
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
# description: "A device is remembered by a mailed code."
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
# description: "Kratos would sign it in by the password alone."
never contains "an OAuth2 client is let in for a factor that Kratos does not wait for" if {
	decision.action == "challenge"
	object.get(decision, "second_step_by", ["email"])[0] == "aal2"
	not data.parameters.kratos_waits_for_aal2 == true
	input.request.oauth2_client_id != ""
}

# METADATA
# title: "A client puts itself on a channel that is exempt"
# description: "A channel is exempt by trusted evidence alone: a gateway's header, or Kratos' word on the OAuth2 client."
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

# Nothing speaks against a code but the account's own flag.
_asked_on_each_channel if {
	not _custom_allows
	input.settings.two_factor
	_each_channel_is_on
	input.account.has_email
	not input.account.plan in data.parameters.plans_without_agent
	not input.device.known
	not data.parameters.channels[decision.channel].exempt
}

# A rule of the team's own lets it in, and such rules may.
_custom_allows if {
	data.parameters.custom_may_allow == true
	some _ in data.custom.login.allow
}
