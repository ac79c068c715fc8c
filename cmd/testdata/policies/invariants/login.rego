# METADATA
# schemas:
#   - input: schema.input
package nidan.invariants.login

never contains "an account that is locked gets in" if {
	input.account.locked == true
	data.nidan.login.decision.action == "allow"
}
