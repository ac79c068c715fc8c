# METADATA
# title: A change of how one signs in
# description: |
#   Kratos asks before it stores a new password, a second factor, a passkey, another provider or another profile, and also when a person
#   begins to change one of these. Attack: a thief who knows the password may have signed in through a channel that asks for no code. In
#   that session, a new password would take the account away from its holder, a new factor would give the thief the stronger step, and
#   another address would get the codes. So if any channel asks the account for a code, the account can be changed only in a session with
#   a second step. The account in the input is the one before the change. Only the rule for enrolment depends on what is changed. A
#   team that copies this package finds that in input.request.method. The rules are tried from top to bottom, and if none holds, the
#   change is refused.
# schemas:
#   - input: schema.settings
package nidan.settings

import data.nidan.asked
import data.nidan.capabilities

# METADATA
# title: Decision
# description: Whether Kratos may store the change, and why.
# entrypoint: true
default decision := {"action": "refuse", "reason": "second_step_missing"}

decision := {"action": "refuse", "reason": "account_locked"} if {
	not input.account.locked == false
} else := {"action": "refuse", "reason": "account_inactive"} if {
	not input.account.state == "active"
} else := {"action": "allow", "reason": "no_code_asked"} if {
	count(asked.channels) > 0 # with an empty set, "every" would hold
	every channel in asked.channels {
		not asked.code(channel)
	}
} else := {"action": "allow", "reason": "second_step_passed"} if {
	capabilities.second_step
} else := {"action": "allow", "reason": "second_step_passed"} if {
	# Kratos before version 26 does not say which session asks. Then the newest sign-in with a second step is used instead.
	input.session.aal == "unknown"
	input.session.known == true
	input.session.second_step == "passed"
} else := {"action": "allow", "reason": "enrolment"} if {
	# The session is for enrolment only.
	input.session.second_step == "enrol_only"
	input.request.method in {"any", "totp", "webauthn"}
}
