# METADATA
# title: A change of one's own password
# description: |
#   Kratos asks before it keeps a new password. Whoever knows the password may have come in through a channel that asks for no
#   code. With a new password, such a session would take the account from its holder. So an account that is asked for a code on
#   any channel gets a new password only in a session that was begun with a code, or on a remembered device. The rules are tried
#   from top to bottom; where none holds, the change is refused.
# schemas:
#   - input: schema.capabilities
package nidan.settings

import data.nidan.asked
import data.nidan.capabilities

# METADATA
# title: Decision
# description: Whether the new password is kept, and why.
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
}
