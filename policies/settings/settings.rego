# METADATA
# title: A change of how one signs in
# description: |
#   Kratos asks before it keeps a new password, a second factor, a passkey, another provider or another profile, and already when
#   somebody begins to change one of them. Whoever knows the password may have come in through a channel that asks for no code. With
#   a new password, such a session would take the account from its holder; with a factor of its own, it would hold the stronger step;
#   with another address, it would have the codes sent elsewhere. So an account that is asked for a code on any channel is changed
#   only in a session that has passed a second step. The account is the one before the change. What is to be changed makes no
#   difference here: input.request.method says it to rules of one's own. The rules are tried from top to bottom; where none holds, the
#   change is refused.
# schemas:
#   - input: schema.settings
package nidan.settings

import data.nidan.asked
import data.nidan.capabilities

# METADATA
# title: Decision
# description: Whether the change is kept, and why.
# entrypoint: true
default decision := {"action": "refuse", "reason": "second_step_missing"}

decision := {"action": "refuse", "reason": "account_locked"} if {
	not input.account.locked == false
} else := {"action": "refuse", "reason": "account_inactive"} if {
	not input.account.state == "active"
} else := {"action": "allow", "reason": "no_code_asked"} if {
	count(asked.channels) > 0 # of none, "every" would hold
	every channel in asked.channels {
		not asked.code(channel)
	}
} else := {"action": "allow", "reason": "second_step_passed"} if {
	capabilities.second_step
} else := {"action": "allow", "reason": "second_step_passed"} if {
	# Kratos before version 26 does not say which session asks. Then the newest sign-in with a second step stands for it.
	input.session.aal == "unknown"
	input.session.known == true
	input.session.second_step == "passed"
} else := {"action": "allow", "reason": "enrolment"} if {
	# The session is there for that, and worth nothing else.
	input.session.second_step == "enrol_only"
	input.request.method in {"any", "totp", "webauthn"}
}
