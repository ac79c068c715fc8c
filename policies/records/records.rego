# METADATA
# title: Records
# description: |
#   What is removed from a sign-in before it is recorded. Records and the decision log contain the input and the decision, so that a
#   sign-in can be decided again under other policies. Values that policies do not need, and that others should not see, are masked.
# schemas:
#   - input: schema.record
package nidan.records

# METADATA
# title: Mask
# description: |
#   The format is that of OPA's decision log. "upsert" replaces a value, and "remove" removes it. A path begins with
#   /input or /result.
# entrypoint: true
mask contains {"op": "upsert", "path": "/input/account/email", "value": _shortened(input.input.account.email)} if {
	input.input.account.email != ""
}

# Some applications put tokens into the query or the fragment of their return address. An address without these is kept unchanged, because
# a masked value cannot be used to decide again.
mask contains {"op": "upsert", "path": "/input/request/return_to", "value": kept} if {
	kept := _without_query(input.input.request.return_to)
	kept != input.input.request.return_to
}

# "s***@example.com" for "supervisor@example.com". A text that is no address becomes "***".
_shortened(address) := concat("", [substring(address, 0, 1), "***@", domain]) if {
	[_, domain] := split(address, "@")
} else := "***"

_without_query(address) := split(split(address, "?")[0], "#")[0]
