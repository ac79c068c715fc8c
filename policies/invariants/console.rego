# METADATA
# title: What must never be in the console
# description: Each rule says what must never happen. A proof covers all possible visitors and actions.
# schemas:
#   - input: schema.console
package nidan.invariants.console

import data.nidan.console.decision

# METADATA
# title: "A locked visitor may do something"
# description: "Such a visitor may not even see the own account."
never contains "a locked visitor may do something" if {
	decision.allow
	input.visitor.locked
}

# METADATA
# title: "Somebody who is no administrator changes the settings"
# description: "The settings say who is asked for a code."
never contains "somebody who is no administrator changes the settings" if {
	decision.allow
	input.visitor.role in {"supervisor", "user"}
	input.action == "settings.change"
}

# METADATA
# title: "Somebody who is no administrator approves of policies"
# description: "Policies, too, say who is asked for a code."
never contains "somebody who is no administrator approves of policies" if {
	decision.allow
	input.visitor.role in {"supervisor", "user"}
	input.action == "policies.approve"
}

# METADATA
# title: "Somebody changes anything but their own account's devices in a session that is not worth the console"
# description: "What such a session may do can only make sign-ins ask for more, never for less."
never contains "somebody changes anything but their own account's devices in a session that is not worth the console" if {
	decision.allow
	not input.session.console
	not input.action in {"self.view", "self.forget_devices"}
}

# METADATA
# title: "Somebody does something in a session that waits for a factor"
# description: "Such a visitor may not even see the own account."
never contains "somebody does something in a session that waits for a factor" if {
	decision.allow
	input.session.second_step in {"aal2_needed", "enrol_only"}
	not input.session.aal == "aal2"
}

# METADATA
# title: "Somebody changes an owner without being one"
# description: "Nobody changes an account with a higher role."
never contains "somebody changes an owner without being one" if {
	decision.allow
	input.target.role == "owner"
	input.visitor.role != "owner"
	input.action in {"account.switch_on", "account.switch_off", "account.forget_devices", "account.clear_wrong_codes"}
}
