# METADATA
# schemas:
#   - input: schema.console
package nidan.console

default decision := {"allow": false, "reason": "role_may_not"}

decision := {"allow": true, "reason": "administrator"} if input.visitor.role == "owner"
