# METADATA
# title: A small set; the tests make mistakes in copies of it
# schemas:
#   - input: schema.input
package nidan.login

decision := object.union({"channel": "all"}, _outcome)

_outcome := {"action": "refuse", "reason": "account_locked", "state": "sign_in_again"} if {
	input.account.locked == true
} else := {"action": "allow", "reason": "two_factor_off"} if {
	input.settings.two_factor == false
} else := {"action": "allow", "reason": "no_email"} if {
	input.account.has_email == false
} else := {"action": "allow", "reason": "account_off", "forget_devices": true} if {
	input.account.two_factor == false
	not _always_asked
} else := {"action": "allow", "reason": "device_remembered", "second_step": "remembered"} if {
	input.device.known == true
	input.device.age_days < _days
} else := {"action": "challenge", "reason": "code_required", "code": data.parameters.code}

_days := input.settings.remember_days

_always_asked if input.account.role in data.parameters.always_asked_roles
