# METADATA
# title: Sign-ins, by rules of our own
# description: |
#   What is in the sets refuse, challenge and allow comes before, or after, the rules that ship. "allow" counts only where the parameter
#   custom_may_allow is true.
# schemas:
#   - input: schema.input
package custom.login

# METADATA
# title: Accounts that are closed
# description: As long as no account is in the list, in data.yaml, this refuses nobody.
refuse contains {
	"reason": "account_closed",
	"message": {
		"en": "This account is closed. Please ask the help desk.",
		"ja": "このアカウントは利用できません。担当者に連絡してください。",
	},
} if {
	input.account.name in data.custom.closed_accounts
}

# A code that is asked besides, of owners whatever their own flag says. Take the "# " away to have it so.
#
# challenge contains {"reason": "owners_are_asked"} if {
# 	input.account.role == "owner"
# 	input.device.known == false
# }
