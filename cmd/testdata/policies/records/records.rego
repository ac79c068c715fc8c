# METADATA
# schemas:
#   - input: schema.record
package nidan.records

mask contains {"op": "remove", "path": "/input/account/email"} if input.input.account.email != ""
