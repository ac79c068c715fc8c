# METADATA
# title: Our own rules for sign-ins
# description: |
#   The sets refuse, challenge and allow are asked before, or after, the rules that ship. "allow" counts only if the parameter
#   custom_may_allow is true.
# schemas:
#   - input: schema.input
package custom.login

# METADATA
# title: Accounts that are closed
# description: This rule refuses nobody while the list in data.yaml is empty.
refuse contains {
	"reason": "account_closed",
	"message": {
		"en": "This account is closed. Please ask the help desk.",
		"ja": "このアカウントは利用できません。担当者に連絡してください。",
	},
} if {
	input.account.name in data.custom.closed_accounts
}

# This rule asks owners for a code even if two-step verification is off for their account. To use the rule, remove the "# ".
#
# challenge contains {"reason": "owners_are_asked"} if {
# 	input.account.role == "owner"
# 	input.device.known == false
# }
